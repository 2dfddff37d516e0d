import type { Page } from '@playwright/test';
import type { KinoraError } from 'kinora';
import { open, storeSite } from './store-page.js';
import { expect, type Site, test } from './support.js';

// What compiles grammars is a module of its own: fetched when the first grammar is needed, and not before.

const MODULE = /\/grammar\.wasm$/;
let site: Site;
let asked: number;

test.beforeAll(async () => {
  site = await storeSite();
});
test.afterAll(() => site.close());
test.beforeEach(async ({ page }) => {
  asked = 0;
  page.on('request', (request) => {
    if (MODULE.test(request.url())) asked += 1;
  });
  await open(page, site);
});

/** The answer's text, or what the error says. */
const ask = (page: Page, schema?: object): Promise<string | { code: string; retryable: boolean; message: string }> =>
  page.evaluate(async (schema) => {
    try {
      const answer = await window.kinora.chat.completions.create({
        messages: [{ role: 'user', content: 'Hello!' }],
        max_tokens: 40,
        seed: 1,
        ...(schema
          ? {
              response_format: { type: 'json_schema' as const, json_schema: { name: 'answer', schema: { ...schema } } },
            }
          : {}),
      });
      return answer.choices[0]?.message.content ?? '';
    } catch (error) {
      const { code, retryable, message } = error as KinoraError;
      return { code, retryable, message };
    }
  }, schema);

const YES = {
  type: 'object',
  properties: { yes: { type: 'boolean' } },
  required: ['yes'],
  additionalProperties: false,
};

test('a plain chat does not fetch the module of grammars, schemas fetch it once', async ({ page }) => {
  expect(await ask(page)).toMatch(/\S/);
  expect(asked).toBe(0);
  const answers = await Promise.all([ask(page, YES), ask(page, YES), ask(page)]);
  expect(answers[0]).toMatch(/^\{"yes":(true|false)\}$/);
  expect(answers[1]).toBe(answers[0]);
  expect(asked).toBe(1);
  expect(await ask(page, { const: [1, 'b c'] })).toBe('[1,"b c"]');
  expect(await ask(page, { type: 'no such type' })).toMatchObject({ code: 'invalid_request', retryable: false });
  expect(asked).toBe(1);
});

test('a module that does not come is a typed error that says what to do, and the next request gets it', async ({
  page,
}) => {
  await page.route(MODULE, (route) => route.abort());
  const error = await ask(page, YES);
  expect(error).toMatchObject({ code: 'asset_missing', retryable: true });
  expect((error as KinoraError).message).toMatch(/grammar\.wasm.*dist folder/s);
  expect(await ask(page)).toMatch(/\S/);
  await page.unroute(MODULE);
  expect(await ask(page, YES)).toMatch(/^\{"yes":(true|false)\}$/);
});

const film = (page: Page): Promise<{ status: string; types: string[]; code?: string }> =>
  page.evaluate(async () => {
    const film = window.kinora.films.create({
      idea: 'a blue cat waves',
      seed: 7,
      shots: 1,
      secondsPerShot: 0.25,
      width: 96,
      height: 64,
    });
    const types: string[] = [];
    try {
      for await (const { type } of film) if (!types.includes(type)) types.push(type);
      return { status: film.status, types };
    } catch (error) {
      return { status: film.status, types, code: (error as KinoraError).code };
    }
  });

test('a film fetches it while the script is written; without it the script stays, and the next film is made', async ({
  page,
}) => {
  await page.route(MODULE, (route) => route.abort());
  const failed = await film(page);
  expect(failed).toMatchObject({ status: 'failed', code: 'asset_missing' });
  expect(failed.types).toContain('script');
  expect(failed.types).not.toContain('storyboard');
  expect(asked).toBe(2); // with the film, and for the storyboard again
  await page.unroute(MODULE);
  expect(await film(page)).toMatchObject({ status: 'done' });
});
