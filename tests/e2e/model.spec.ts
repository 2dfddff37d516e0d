import { gguf } from './gguf.js';
import { Mischief } from './mischief.js';
import { open, storeSite } from './store-page.js';
import { expect, type Site, test } from './support.js';

// GGUF models in the engine: read out of their files, beside the embedded one.

/** 74 MB of weights. */
const large = gguf({ embedding: 512, layers: 7 })[0] as Buffer;
let site: Site;
let server: Mischief;
test.beforeAll(async () => {
  [site, server] = await Promise.all([storeSite(), Mischief.start()]);
});
test.afterAll(() => {
  site.close();
  server.close();
});

test('weights lie in memory once: the file is read in pieces, from the disk as from the user’s own', async ({
  page,
}) => {
  await open(page, site);
  const url = server.serve('large.gguf', large);
  const told = await page.evaluate(async (url) => {
    const { kinora } = window;
    const before = await kinora.memory();
    const fromDisk = await kinora.models.load(url);
    const after = await kinora.memory();
    await kinora.models.unload(fromDisk.name);
    const file = new File([await (await fetch(url)).blob()], 'mine.gguf');
    const fromFile = await kinora.models.load(file);
    const again = await kinora.memory();
    return { before, after, again, fromDisk, fromFile, loaded: kinora.models.loaded };
  }, url);
  expect(told.fromDisk).toMatchObject({ stored: 'disk', about: { architecture: 'llama', quantisation: 'F32' } });
  expect(told.fromFile).toMatchObject({ name: 'mine', stored: 'file', about: { architecture: 'llama' } });
  expect(told.loaded).toEqual(['mine']);
  const weights = told.after.weights - told.before.weights;
  expect(weights).toBeGreaterThan(large.length * 0.99);
  console.log(
    `weights ${(weights / 1e6).toFixed(1)} MB; wasm memory grew by ${((told.after.wasm - told.before.wasm) / 1e6).toFixed(1)} MB, and by ${((told.again.wasm - told.after.wasm) / 1e6).toFixed(1)} MB for the next model`,
  );
  expect(told.after.wasm - told.before.wasm).toBeLessThan(weights + 40e6);
  // The second one takes the place of the first.
  expect(told.again.wasm - told.after.wasm).toBeLessThan(30e6);
});

test('a model is asked by its name, gives the same from disk and from a file, and is there again after a crash', async ({
  page,
}) => {
  await open(page, site);
  const body = gguf({ embedding: 64, layers: 2, seed: 5 })[0] as Buffer;
  const url = server.serve('ask.gguf', body);
  const ask = (model?: string): Promise<string> =>
    page.evaluate(async (model) => {
      const messages = [{ role: 'user' as const, content: 'Hello' }];
      const answer = await window.kinora.chat.completions
        .create({ messages, max_tokens: 16, seed: 3, ...(model ? { model } : {}) })
        .catch(({ code }: { code: string }) => code);
      return typeof answer === 'string' ? answer : (answer.choices[0]?.message.content ?? '');
    }, model);
  const embedded = await ask();
  expect(await ask('ask')).toBe('model_not_found');
  await page.evaluate((url) => window.kinora.models.load(url), url);
  const answer = await ask('ask');
  expect(answer).not.toBe(embedded);
  await page.evaluate(
    async (url) => window.kinora.models.load(new File([await (await fetch(url)).blob()], 'file.gguf')),
    url,
  );
  expect(await ask('file')).toBe(answer);
  expect(await ask()).toBe(embedded);
  for (const worker of page.workers()) {
    await worker.evaluate(() => {
      setTimeout(() => {
        throw new Error('killed by the test');
      });
    });
  }
  await expect.poll(() => page.workers().length).toBe(0);
  expect(await ask('ask')).toBe(answer);
  await page.evaluate(() => window.kinora.models.unload('ask'));
  expect(await ask('ask')).toBe('model_not_found');
  const pieces = await page.evaluate(() => window.kinora.models.pieces('ask'));
  expect(pieces).toEqual([[expect.stringMatching(/^[0-9a-f]{64}$/)]]);
});

test('two tabs run one copy together, and models come and go without a leak', async ({ context }) => {
  const url = server.serve('shared.gguf', gguf({ embedding: 256, layers: 3 })[0] as Buffer);
  const pages = [await context.newPage(), await context.newPage()];
  for (const page of pages) await open(page, site);
  await Promise.all(pages.map((page) => page.evaluate((url) => window.kinora.models.load(url), url)));
  for (const page of pages) {
    const names = await page.evaluate(() => window.kinora.models.loaded);
    expect(names).toEqual(['shared']);
  }
  const sizes = await (pages[0] as (typeof pages)[0]).evaluate(async (url) => {
    const sizes: number[] = [];
    for (let i = 0; i < 12; i++) {
      await window.kinora.models.unload('shared');
      await window.kinora.models.load(url);
      sizes.push((await window.kinora.memory()).wasm);
    }
    return sizes;
  }, url);
  expect(sizes.at(-1)).toBe(sizes[2]);
});

test('a broken or unknown model leaves the engine as it was', async ({ page }) => {
  await open(page, site);
  const told = await page.evaluate(async () => {
    const refused = async (parts: (string | Uint8Array<ArrayBuffer>)[], names = ['bad.gguf']): Promise<string> => {
      const files = names.map((name) => new File(parts as BlobPart[], name));
      return window.kinora.models.load(files).then(
        () => 'loaded',
        ({ code }: { code: string }) => code,
      );
    };
    const codes = [
      await refused([]),
      await refused(['GGUF']),
      await refused(['<html>']),
      await refused([new Uint8Array(1000)]),
      await refused(['GGUF'], ['a-00001-of-00002.gguf']),
      await refused(['GGUF'], ['a-00001-of-00002.gguf', 'b-00002-of-00002.gguf']),
      await window.kinora.models.load('ftp://example.org/x.gguf').catch(({ code }: { code: string }) => code),
      await window.kinora.models.delete('nothing').catch(({ code }: { code: string }) => code),
    ];
    const answer = await window.kinora.chat.completions.create({
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 4,
    });
    return { codes, answer: answer.object };
  });
  expect(told.codes).toEqual([
    'not_a_model',
    'model_refused',
    'not_a_model',
    'not_a_model',
    'invalid_argument',
    'invalid_argument',
    'invalid_argument',
    'model_not_found',
  ]);
  expect(told.answer).toBe('chat.completion');
});
