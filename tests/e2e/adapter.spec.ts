import { adapter, gguf } from './gguf.js';
import { Mischief } from './mischief.js';
import { open, storeSite, type Told } from './store-page.js';
import { expect, type Site, test } from './support.js';

const SHAPE = { embedding: 64, layers: 2 };
const model = gguf(SHAPE)[0] as Buffer;
const style = adapter(SHAPE);
const deep = adapter({ embedding: 64, layers: 9 });
const other = adapter({ ...SHAPE, architecture: 'qwen2' });

let site: Site;
let server: Mischief;
test.beforeAll(async () => {
  [site, server] = await Promise.all([storeSite(), Mischief.start()]);
});
test.afterAll(() => {
  site.close();
  server.close();
});

test('an adapter is switched by request, without its model being loaded again', async ({ page }) => {
  await open(page, site);
  const seen = await page.evaluate(
    async ([model, style, deep, other]) => {
      const file = (base64: string, name: string) =>
        new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name);
      const { models, chat, fetch } = window.kinora;
      const say = async (model: string, adapters?: Record<string, number> | string[]): Promise<string> => {
        const answer = await chat.completions.create({
          model,
          messages: [{ role: 'user', content: 'Hello' }],
          max_completion_tokens: 16,
          temperature: 0,
          logit_bias: { 256: -100 },
          logprobs: true,
          ...(adapters ? { kinora: { adapters } } : {}),
        });
        // random weights write bytes that are no text
        return JSON.stringify(answer.choices[0]?.logprobs?.content?.map(({ bytes }) => bytes));
      };
      const code = (error: unknown) => [(error as Told).code, (error as Told).message];
      const loaded = await models.load(file(model, 'base.gguf'), {
        adapters: [{ source: file(style, 'style.gguf'), scale: 0.5 }],
      });
      const plain = await say('base');
      const styled = await say('base:style');
      const ids = async () => ((await (await fetch('/v1/models')).json()).data as { id: string }[]).map(({ id }) => id);
      const seen = {
        loaded: loaded.adapters?.map(({ name, scale, stored }) => [name, scale, stored]),
        ids: await ids(),
        differs: plain !== styled,
        same: [await say('base', ['style']), await say('base', { style: 0.5 })].every((text) => text === styled),
        off: (await say('base')) === plain && (await say('base', { style: 0 })) === plain,
        deep: await models.addAdapter('base', { source: file(deep, 'deep.gguf') }).catch(code),
        other: await models.addAdapter('base', { source: file(other, 'other.gguf') }).catch(code),
        none: await models.addAdapter('nobody', { source: file(style, 'style.gguf') }).catch(code),
        model: await models.addAdapter('base', { source: file(model, 'model.gguf') }).catch(code),
        alone: await models.load(file(style, 'style.gguf')).catch(code),
        listed: (await models.list()).map(({ name, adapters }) => [name, adapters?.map((a) => [a.name, a.loaded])]),
      };
      await models.removeAdapter('base', 'style');
      const removed = { ids: await ids(), asked: await say('base', ['style']).catch(code), plain: await say('base') };
      return { ...seen, removed, back: removed.plain === plain };
    },
    [model, style, deep, other].map((bytes) => bytes.toString('base64')) as [string, string, string, string],
  );
  expect(seen.loaded).toEqual([['style', 0.5, 'file']]);
  expect(seen.ids).toEqual(['base', 'base:style', 'kinora-text']);
  expect([seen.differs, seen.same, seen.off, seen.back]).toEqual([true, true, true, true]);
  expect(seen.deep).toEqual(['adapter_refused', expect.stringContaining('blk.8.ffn_down')]);
  expect(seen.other).toEqual(['adapter_refused', expect.stringContaining('qwen2')]);
  expect(seen.none).toEqual(['model_not_found', expect.stringContaining('nobody')]);
  expect(seen.model).toEqual(['adapter_refused', expect.stringContaining('not an adapter')]);
  expect(seen.alone).toEqual(['is_adapter', expect.stringContaining('style')]);
  expect(seen.listed).toEqual([['base', [['style', true]]]]);
  expect(seen.removed.ids).toEqual(['base', 'kinora-text']);
  expect(seen.removed.asked).toEqual(['invalid_request', expect.stringContaining('style')]);
});

test('an adapter by its address is stored beside its model, outlives the engine and goes with the model', async ({
  page,
}) => {
  const [url, adapterUrl] = [server.serve('stored.gguf', model), server.serve('tone.gguf', style)];
  await open(page, site);
  const folders = () =>
    page.evaluate(async () => {
      const top = await (await navigator.storage.getDirectory()).getDirectoryHandle('kinora-models');
      let n = 0;
      for await (const _ of (top as unknown as { keys(): AsyncIterable<string> }).keys()) n += 1;
      return n;
    });
  const ask = () =>
    page.evaluate(async () => {
      const say = async (model: string): Promise<string> => {
        const { choices } = await window.kinora.chat.completions.create({
          model,
          messages: [{ role: 'user', content: 'Hello' }],
          max_completion_tokens: 12,
          temperature: 0,
          logit_bias: { 256: -100 },
          logprobs: true,
        });
        return JSON.stringify(choices[0]?.logprobs?.content?.map(({ bytes }) => bytes));
      };
      return [await say('stored'), await say('stored:tone')];
    });
  await page.evaluate(
    async ([url, source]) => {
      await window.kinora.models.load(url, { adapters: [{ source }] });
    },
    [url, adapterUrl] as const,
  );
  const [plain, styled] = await ask();
  expect(styled).not.toBe(plain);
  expect(await folders()).toBe(2);
  await page.reload();
  await page.waitForFunction(() => window.Kinora !== undefined);
  const before = [server.sent('stored.gguf'), server.sent('tone.gguf')];
  const found = await page.evaluate(async () => {
    window.kinora = await window.Kinora.load({ device: 'cpu', threads: 1 });
    const { models, fetch } = window.kinora;
    const [model] = await models.list();
    const entry = async (id: string) => {
      const response = await fetch(`http://kinora/v1/models/${id}`);
      return [response.status, ((await response.json()) as { kinora?: { loaded: boolean } }).kinora?.loaded];
    };
    const asleep = await entry('stored');
    const adapters = model?.adapters ?? [];
    if (model) await models.load(model, { adapters: adapters.map((source) => ({ source })) });
    return { adapters: adapters.map(({ name, loaded }) => [name, loaded]), asleep, awake: await entry('stored') };
  });
  expect(found).toEqual({ adapters: [['tone', false]], asleep: [200, false], awake: [200, true] });
  expect(await ask()).toEqual([plain, styled]);
  expect([server.sent('stored.gguf'), server.sent('tone.gguf')], 'nothing is fetched twice').toEqual(before);
  const deleted = await page.evaluate(async () => {
    const { fetch, models } = window.kinora;
    const remove = async (id: string) => (await fetch(`http://kinora/v1/models/${id}`, { method: 'DELETE' })).status;
    const statuses = [await remove('nobody'), await remove('kinora-text'), await remove('stored')];
    const { data } = (await (await fetch('/v1/models')).json()) as { data: { id: string }[] };
    return { statuses, ids: data.map(({ id }) => id), list: await models.list(), loaded: models.loaded };
  });
  expect(deleted).toEqual({ statuses: [404, 400, 200], ids: ['kinora-text'], list: [], loaded: [] });
  expect(await folders()).toBe(0);
});

test('GET models tells what lies on the disk; keys and values as asked; what does not fit says what would', async ({
  page,
}) => {
  const url = server.serve('sleeper.gguf', model);
  await open(page, site);
  const seen = await page.evaluate(async (url) => {
    const { models, fetch } = window.kinora;
    interface Entry {
      id: string;
      kinora: { loaded: boolean; context: number; kv_cache?: string };
    }
    const all = async () => ((await (await fetch('/v1/models')).json()) as { data: Entry[] }).data;
    await models.download(url);
    const asleep = (await all()).map(({ id, kinora }) => [id, kinora.loaded]);
    const estimate = await models.estimate(url, { contextTokens: 300, kvCache: 'f16' });
    await models.load(url, { contextTokens: 300, kvCache: 'f16' });
    const awake = (await all()).find(({ id }) => id === 'sleeper')?.kinora;
    const q8 = await models.load(url, { kvCache: 'q8_0' }).catch((error: unknown) => (error as Told).code);
    await models.delete('sleeper');
    return { asleep, estimate, awake, q8 };
  }, url);
  expect(seen.asleep).toEqual([
    ['kinora-text', true],
    ['sleeper', false],
  ]);
  expect(seen.awake).toMatchObject({ loaded: true, context: 300, kv_cache: 'f16' });
  const { parts, memory, contextTokens, kvCache, fits, largestContextTokens } = seen.estimate;
  // 2 layers of keys and values of 64 channels, 2 bytes each
  expect(parts.cache).toBe(300 * 2 * 2 * 64 * 2);
  expect(parts.weights).toBeGreaterThan(model.length * 0.95);
  expect(parts.weights + parts.cache + parts.scratch + parts.engine).toBe(memory);
  expect([contextTokens, kvCache, fits, largestContextTokens]).toEqual([300, 'f16', true, 512]);
  expect(seen.q8, 'heads of 16 channels are no whole blocks').toBe('invalid_request');
});
