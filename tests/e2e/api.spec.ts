import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rolldown } from 'rolldown';
import type {} from './api-page.js';
import { kinoraServe, type Served } from './native.js';
import { check } from './openai-seen.js';
import { expect, root, type Site, serve, test } from './support.js';

let folder: string;
let site: Site;

test.beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kinora-api-'));
  await cp(path.join(root, 'web/dist'), path.join(folder, 'kinora'), { recursive: true });
  const bundle = await rolldown({
    input: path.join(import.meta.dirname, 'api-page.ts'),
    platform: 'browser',
    external: ['kinora'],
  });
  await bundle.write({ file: path.join(folder, 'page.js'), format: 'esm', paths: { kinora: './kinora/index.js' } });
  const page =
    '<!doctype html><title>API</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>';
  await writeFile(path.join(folder, 'index.html'), page);
  site = await serve(folder, '--no-isolation');
});
test.afterAll(async () => {
  site.close();
  await rm(folder, { recursive: true });
});
test.beforeEach(async ({ page }) => {
  await page.goto(site.url);
  await page.waitForFunction(() => window.page !== undefined);
});

test('a program written for the OpenAI API runs in the page with its unmodified package', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const kinora = await window.page.Kinora.load({ device: 'cpu' });
    const seen = await window.page.program(window.page.client(kinora));
    kinora.dispose();
    return seen;
  });
  check(seen);
});

test('a break after three chunks means that three tokens were generated', async ({ page }) => {
  const counts = await page.evaluate(async () => {
    const kinora = await window.page.Kinora.load({ device: 'cpu' });
    const messages = [{ role: 'user' as const, content: 'Tell me a story.' }];
    const settled = () => new Promise((resolve) => setTimeout(resolve, 300));
    const counts: number[] = [];
    let before = window.page.pieces();
    let n = 0;
    for await (const _ of await window.page
      .client(kinora)
      .chat.completions.create({ model: 'kinora-text', messages, stream: true })) {
      n += 1;
      if (n === 3) break;
    }
    await settled();
    counts.push(window.page.pieces() - before);
    before = window.page.pieces();
    n = 0;
    for await (const _ of await kinora.chat.completions.create({ messages, stream: true })) {
      n += 1;
      if (n === 3) break;
    }
    await settled();
    counts.push(window.page.pieces() - before);
    kinora.dispose();
    return counts;
  });
  expect(counts).toEqual([3, 3]);
});

test('kinora.fetch rejects for the signal only; everything else is an answer', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const kinora = await window.page.Kinora.load({ device: 'cpu' });
    const { fetch } = kinora;
    const empty = await fetch('data:,');
    const status = async (path: string, init?: RequestInit) => (await fetch(path, init)).status;
    const statuses = [
      await status('http://kinora/v1/nothing'),
      await status('https://api.openai.com/v1/models', {
        headers: { authorization: 'Bearer x', 'x-stainless-os': 'y' },
      }),
      await status('/v1/models'),
      await status('http://kinora/v1/chat/completions', { method: 'POST', body: '{' }),
      await status('http://kinora/v1/chat/completions', { method: 'POST', body: new FormData() }),
      await status('http://kinora/v1/chat/completions', { method: 'GET', body: 'x' }),
      await status('http://kinora/v1/embeddings', { method: 'POST', body: new Uint8Array(65 * 1024 * 1024) }),
    ];
    const ignored = await fetch('http://kinora/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1, user: 'me', metadata: {} }),
    });
    const name = (error: unknown) => (error as Error).name;
    const aborted = await fetch('http://kinora/v1/models', { signal: AbortSignal.abort() }).catch(name);
    const abort = new AbortController();
    // A list that cannot end soon: the abort comes in the middle
    const list = { type: 'array', items: { type: 'integer', minimum: 100000, maximum: 999999 }, minItems: 100 };
    const schema = { type: 'object', properties: { list }, required: ['list'] };
    const body = JSON.stringify({
      messages: [{ role: 'user', content: 'Count' }],
      max_tokens: 900,
      response_format: { type: 'json_schema', json_schema: { name: 'list', schema } },
    });
    const running = fetch('http://kinora/v1/chat/completions', { method: 'POST', body, signal: abort.signal }).catch(
      name,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = performance.now();
    abort.abort();
    const late = await running;
    const took = performance.now() - began;
    kinora.dispose();
    const disposed = await status('http://kinora/v1/models');
    return {
      empty: await empty.text(),
      statuses,
      ignored: ignored.headers.get('x-kinora-ignored'),
      aborted,
      late,
      took,
      disposed,
    };
  });
  expect(seen).toMatchObject({
    empty: '',
    ignored: 'user, metadata',
    aborted: 'AbortError',
    late: 'AbortError',
    disposed: 410,
  });
  expect(seen.statuses).toEqual([404, 200, 200, 400, 400, 400, 413]);
  expect(seen.took).toBeLessThan(100);
});

test('a session keeps its conversation, forks, is stopped and drops its oldest turns', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const kinora = await window.page.Kinora.load({ device: 'cpu' });
    const initialPrompts = [{ role: 'system' as const, content: 'You tell stories.' }];
    const session = await kinora.sessions.create({ initialPrompts, temperature: 0 });
    const window_ = session.contextWindow;
    const text = await session.prompt('Hello!');
    const usage = session.contextUsage;
    const copy = await session.clone();
    let streamed = '';
    const stream = copy.promptStreaming('A cat waves.');
    const reader = stream.getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) streamed += step.value;
    const grown = copy.contextUsage;
    const same = await session.prompt('A cat waves.');
    let overflows = 0;
    session.addEventListener('contextoverflow', () => {
      overflows += 1;
    });
    for (let i = 0; i < 4; i++) {
      await session.append([
        { role: 'user', content: 'a b c d e f g h i j k l m n o p '.repeat(40) },
        { role: 'assistant', content: 'Yes.' },
      ]);
    }
    const after = await session.prompt('Hello!', {
      responseConstraint: {
        type: 'object',
        properties: { ok: { type: 'boolean' } },
        required: ['ok'],
        additionalProperties: false,
      },
    });
    session.destroy();
    const destroyed = await session.prompt('Hello!').catch((error: Error) => error.name);
    kinora.dispose();
    return { window_, text, usage, streamed, grown, same, overflows, after, destroyed };
  });
  expect(seen.text).toBeTruthy();
  expect(seen.window_).toBeGreaterThan(100);
  expect(seen.usage).toBeGreaterThan(0);
  expect(seen.grown).toBeGreaterThan(seen.usage);
  expect(seen.streamed).toBe(seen.same);
  expect(seen.overflows).toBe(1);
  expect(typeof (JSON.parse(seen.after) as { ok: boolean }).ok).toBe('boolean');
  expect(seen.destroyed).toBe('AbortError');
});

test.describe('a server in place of the engine', () => {
  let served: Served;
  test.beforeAll(async () => {
    served = await kinoraServe('--api-key', 'secret', '--cors', new URL(site.url).origin);
  });
  test.afterAll(() => served.close());

  test('the same calls go to kinora serve, and the device says so', async ({ page }) => {
    const seen = await page.evaluate(async (baseURL) => {
      const kinora = await window.page.Kinora.load({ remote: { baseURL, apiKey: 'secret' } });
      const messages = [{ role: 'user' as const, content: 'Hello!' }];
      const whole = await kinora.chat.completions.create({ messages, max_tokens: 8, seed: 1 });
      let text = '';
      for await (const chunk of await kinora.chat.completions.create({
        messages,
        max_tokens: 8,
        seed: 1,
        stream: true,
      })) {
        text += chunk.choices[0]?.delta.content ?? '';
      }
      const refused = await kinora.chat.completions
        .create({ messages: [] })
        .catch(({ code, param }: { code: string; param: string }) => ({ code, param }));
      const sdk = await window.page.program(window.page.client(kinora));
      const session = await kinora.sessions.create();
      const said = await session.prompt('Hello!');
      const lost = await window.page.Kinora.load({ remote: { baseURL: 'http://127.0.0.1:1/v1' } });
      const unreachable = await lost.chat.completions.create({ messages }).catch(({ code }: { code: string }) => code);
      return { device: kinora.device, whole, text, refused, sdk, said, unreachable };
    }, served.baseURL);
    expect(seen.device).toMatchObject({ kind: 'remote', name: served.baseURL });
    expect(seen.whole.choices[0]?.message.content).toBe(seen.text);
    expect(seen.refused).toEqual({ code: 'invalid_value', param: 'messages' });
    expect(seen.said).toBeTruthy();
    expect(seen.unreachable).toBe('remote_unreachable');
    check(seen.sdk);
  });
});
