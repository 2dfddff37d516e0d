import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { gguf } from './gguf.js';
import { type Manner, Mischief } from './mischief.js';
import { damage, diskDigests, download, open, storeSite, type Told } from './store-page.js';
import { expect, root, type Site, test } from './support.js';

const CHUNK = 8 * 1024 * 1024;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const pieces = (bytes: Buffer): string[] =>
  Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, i) => sha256(bytes.subarray(i * CHUNK, (i + 1) * CHUNK)));

const small = gguf({ embedding: 32, layers: 2 })[0] as Buffer;
/** 42 MB: six pieces. */
const large = gguf({ embedding: 512, layers: 4 })[0] as Buffer;

let site: Site;
let server: Mischief;
test.beforeAll(async () => {
  expect(Math.ceil(large.length / CHUNK)).toBe(6);
  [site, server] = await Promise.all([storeSite(), Mischief.start()]);
});
test.afterAll(() => {
  site.close();
  server.close();
});

const half = Math.floor(small.length / 2);
const html = Buffer.from('<!DOCTYPE html><html><head><title>Sign in</title></head><body>Wi-Fi portal</body></html>');
const flipped = Buffer.from(small);
flipped[small.length - 1000] = (flipped[small.length - 1000] ?? 0) ^ 1;
const zeroTail = Buffer.concat([small.subarray(0, half), Buffer.alloc(small.length - half)]);
const given = { pieces: [pieces(small)] };
const quick = { timeoutMs: 400 };

// What a server may do, and what must come of it: the model, or an error with this code.
const cases: [string, Manner, string, { pieces?: string[][]; timeoutMs?: number }?][] = [
  ['a good server', {}, 'ok'],
  ['a portal’s page with status 200', { body: html, type: 'text/html' }, 'not_a_model'],
  ['a page that says it is bytes', { body: html }, 'not_a_model'],
  ['JSON with status 200', { body: Buffer.from('{"error":"Repository not found"}') }, 'not_a_model'],
  [
    'a Git LFS pointer',
    { body: Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\n`) },
    'not_a_model',
  ],
  ['404', { status: 404 }, 'http_error'],
  ['no body', { body: Buffer.alloc(0), ranges: 'ignore' }, 'not_a_model'],
  ['204', { status: 204 }, 'http_error'],
  ['a length that does not come', { ranges: 'ignore', length: small.length, body: small.subarray(0, half) }, 'network'],
  ['a mirror’s short copy', { body: small.subarray(0, -32) }, 'model_refused'],
  ['zeros in the second half', { body: zeroTail }, 'checksum_mismatch', given],
  ['a flipped bit', { body: flipped }, 'checksum_mismatch', given],
  ['a gzip file', { body: gzipSync(small) }, 'not_a_model'],
  ['no ranges', { ranges: 'ignore' }, 'ok'],
  ['416 for every range', { ranges: '416' }, 'ok'],
  ['a range that starts elsewhere', { ranges: 'shift' }, 'download_range'],
  ['a total that differs', { ranges: 'total' }, 'download_range'],
  ['several ranges in one answer', { ranges: 'multipart' }, 'download_range'],
  ['a Content-Range that is hidden', { ranges: 'hidden' }, 'ok'],
  ['a file that is replaced once', { etagChanges: 'once' }, 'ok'],
  ['a file that is replaced always', { etagChanges: 'always' }, 'download_range'],
  ['silence after the headers', { stallAfter: 0 }, 'download_timeout', quick],
  ['silence in the middle', { stallAfter: half, ranges: 'ignore' }, 'download_timeout', quick],
  ['a byte a second', { rate: 1 }, 'download_timeout', quick],
  ['three cut connections, then a good one', { cutAfter: 20_000, times: 3 }, 'ok'],
  ['connections that are always cut', { cutAfter: 10_000 }, 'network'],
  ['a length of 8 GiB', { ranges: 'ignore', length: 2 ** 33 }, 'network'],
  ['a length of 1,000', { ranges: 'ignore', body: small.subarray(0, 1000), length: 1000 }, 'model_refused'],
  ['no length', { ranges: 'ignore', length: null }, 'ok'],
  ['endless redirects', { redirects: true }, 'network'],
  [
    'a body without end',
    { ranges: 'ignore', length: null, endless: true, body: small.subarray(0, 64) },
    'model_refused',
  ],
  ['a model without end', { ranges: 'ignore', length: null, endless: true }, 'model_refused'],
  ['no permission for other origins', { cors: false }, 'network'],
  ['another type', { type: 'text/plain' }, 'ok'],
];

test('what servers do wrong is named before anything is stored, and a healed server serves', async ({ page }) => {
  test.setTimeout(240_000);
  await open(page, site);
  for (const [i, [name, manner, wanted, options = {}]] of cases.entries()) {
    await test.step(name, async () => {
      const file = `case-${i}.gguf`;
      const url = server.serve(file, small, manner);
      const told = await download(page, url, options);
      if (wanted === 'ok')
        expect(told, name).toMatchObject({ stored: 'disk', have: small.length, bytes: small.length });
      else {
        expect(told, name).toMatchObject({ code: wanted });
        expect((told as Told).message, name).toContain(file);
        expect((told as Told).hint, name).not.toBe('');
        const list = await page.evaluate(() => window.kinora.models.list());
        expect(
          list.filter(({ name: n, have }) => n === `case-${i}` && have > 0),
          name,
        ).toEqual([]);
        server.serve(file, small);
        expect(await download(page, url), name).toMatchObject({ have: small.length });
      }
      expect(await diskDigests(page), name).toEqual([sha256(small)]);
      await page.evaluate((name) => window.kinora.models.delete(name), `case-${i}`);
    });
  }
});

test('an unknown architecture is refused by its header, not after its download', async ({ page }) => {
  await open(page, site);
  const [body] = gguf({ embedding: 512, layers: 4, architecture: 'mystery' });
  const told = await download(page, server.serve('mystery.gguf', body as Buffer));
  expect(told).toMatchObject({ code: 'model_refused' });
  expect((told as Told).message).toContain('mystery');
  expect(server.sent('mystery.gguf')).toBeLessThan(CHUNK + 100_000);
});

for (const share of [0.1, 0.5, 0.9]) {
  test(`a tab that dies at ${share * 100} % costs one piece at most`, async ({ context }) => {
    const name = `crash-${share}.gguf`;
    const url = server.serve(name, large, { rate: 5_000_000 });
    const first = await context.newPage();
    await open(first, site);
    void download(first, url).catch(() => undefined);
    await expect.poll(() => server.sent(name), { intervals: [20] }).toBeGreaterThan(large.length * share);
    const cdp = await context.newCDPSession(first);
    void cdp.send('Page.crash').catch(() => undefined);
    await first.waitForEvent('crash');
    server.files.get(name)?.manner && Object.assign(server.files.get(name) as object, { manner: {} });
    const second = await context.newPage();
    await open(second, site);
    expect(await download(second, url)).toMatchObject({ have: large.length });
    expect(await diskDigests(second)).toEqual([sha256(large)]);
    // The probe of each try is 64 KiB; what lay in the dead tab's socket was sent and never read.
    expect(server.sent(name)).toBeLessThan(large.length + CHUNK + 3 * 65_536);
  });
}

test('two tabs fetch a model once; when the one that fetches dies the other takes over within a second', async ({
  context,
}) => {
  const name = 'two.gguf';
  const url = server.serve(name, large, { rate: 6_000_000 });
  const [first, second] = [await context.newPage(), await context.newPage()];
  await open(first, site);
  await open(second, site);
  const both = [download(first, url), download(second, url)];
  for (const told of await Promise.all(both)) expect(told).toMatchObject({ have: large.length });
  expect(server.sent(name)).toBeLessThan(large.length * 1.01);

  const other = server.serve('over.gguf', large, { rate: 6_000_000 });
  void download(first, other).catch(() => undefined);
  await expect.poll(() => server.sent('over.gguf'), { intervals: [20] }).toBeGreaterThan(CHUNK);
  const waits = second.evaluate(async (url) => {
    const texts = new Set<string>();
    const seen: number[] = [];
    await window.kinora.models.download(url, {
      onProgress: ({ text, loaded }) => {
        texts.add(text);
        if (text.includes('Another tab')) seen.push(loaded);
      },
    });
    return { texts: [...texts], seen };
  }, other);
  await expect.poll(() => server.sent('over.gguf'), { intervals: [20] }).toBeGreaterThan(large.length / 2);
  const requests = (): number => server.files.get('over.gguf')?.requests ?? 0;
  const before = requests();
  const cdp = await context.newCDPSession(first);
  const died = Date.now();
  void cdp.send('Page.crash').catch(() => undefined);
  await expect.poll(requests, { intervals: [20] }).toBeGreaterThan(before);
  expect(Date.now() - died).toBeLessThan(1000);
  const { texts, seen } = await waits;
  expect(texts).toContain('Another tab is downloading this model');
  expect(Math.max(...seen)).toBeGreaterThan(0);
  expect(server.sent('over.gguf')).toBeLessThan(large.length + CHUNK + 4 * 65_536);
});

test('a full disk is told with numbers and offers, and nothing half there counts as there', async ({
  page,
  context,
}) => {
  await open(page, site);
  const url = server.serve('quota.gguf', large);
  await download(page, server.serve('other.gguf', small));
  const cdp = await context.newCDPSession(page);
  const origin = new URL(site.url).origin;
  for (const share of [0, 0.5, 0.99]) {
    const { usage = 0 } = await page.evaluate(() => navigator.storage.estimate());
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + Math.floor(large.length * share) });
    const told = (await download(page, url)) as Told;
    expect(told).toMatchObject({ code: 'quota_exceeded', details: { models: ['other'] } });
    const { need, have } = told.details as { need: number; have: number };
    expect(have).toBeLessThan(need);
    expect(told.hint).toContain('other');
    const list = await page.evaluate(() => window.kinora.models.list());
    // What was stored before the disk was full counts, and is not the whole.
    expect(list.find(({ name }) => name === 'quota')?.have ?? 0).toBe(large.length - need);
    expect(need).toBeGreaterThan(0);
    expect(await download(page, url, { storage: 'memory' })).toMatchObject({ stored: 'memory', have: large.length });
    await page.evaluate(() => window.kinora.models.delete('quota'));
  }
  await cdp.send('Storage.overrideQuotaForOrigin', { origin });
  expect(await download(page, url)).toMatchObject({ stored: 'disk', have: large.length });
});

test('a damaged copy is found before it is used, and only what is damaged is fetched again', async ({ page }) => {
  test.setTimeout(240_000);
  await open(page, site);
  const url = server.serve('flip.gguf', large);
  await download(page, url);
  const faults: [number, Parameters<typeof damage>[2], number][] = [
    [10, 'flip', 1],
    [CHUNK - 1, 'flip', 1],
    [Math.floor(large.length / 2), 'flip', 1],
    [large.length - 1, 'flip', 1],
    [large.length - 1, 'cut', 1],
    [large.length - 4096, 'cut', 1],
    [Math.floor(large.length / 2), 'cut', 4],
    [1, 'append', 0],
    [Math.floor(large.length / 2), 'zero', 4],
    [0, 'remove', 6],
  ];
  for (const [at, how, damaged] of faults) {
    await damage(page, at, how);
    const before = server.sent('flip.gguf');
    expect(await download(page, url)).toMatchObject({ have: large.length });
    const fetched = server.sent('flip.gguf') - before;
    expect(fetched, `${how} at ${at}`).toBeLessThanOrEqual(damaged * CHUNK + 65_536);
    if (how !== 'append') expect(await diskDigests(page), `${how} at ${at}`).toEqual([sha256(large)]);
  }
});

test('a pause keeps what is there, and an estimate reads no more than the header', async ({ page }) => {
  await open(page, site);
  const url = server.serve('pause.gguf', large, { rate: 4_000_000 });
  const estimate = await page.evaluate((url) => window.Kinora.estimate(url, { assets: './dist' }), url);
  expect(estimate).toMatchObject({
    bytes: large.length,
    fits: true,
    about: { architecture: 'llama', quantisation: 'F32' },
  });
  expect(estimate.memory).toBeGreaterThan(large.length);
  expect(server.sent('pause.gguf')).toBeLessThan(3_000_000);
  const paused = await page.evaluate(async (url) => {
    const stop = new AbortController();
    let abortedAt = 0;
    const name = await window.kinora.models
      .download(url, {
        signal: stop.signal,
        onProgress: ({ loaded }) => {
          if (loaded > 18e6 && !stop.signal.aborted) {
            abortedAt = performance.now();
            stop.abort();
          }
        },
      })
      .then(
        () => 'done',
        (error: Error) => error.name,
      );
    return { name, took: performance.now() - abortedAt, list: await window.kinora.models.list() };
  }, url);
  expect(paused.name).toBe('AbortError');
  expect(paused.took).toBeLessThan(100);
  const have = paused.list[0]?.have ?? 0;
  expect([2 * CHUNK, 3 * CHUNK]).toContain(have);
  const before = server.sent('pause.gguf');
  expect(await download(page, url)).toMatchObject({ have: large.length });
  expect(server.sent('pause.gguf') - before).toBeLessThanOrEqual(large.length - have + 65_536);
  expect(await diskDigests(page)).toEqual([sha256(large)]);
});

test('all parts of a split model come by the address of one', async ({ page }) => {
  await open(page, site);
  const parts = gguf({ embedding: 64, layers: 3 }, 3);
  const urls = parts.map((part, i) => server.serve(`split-0000${i + 1}-of-00003.gguf`, part));
  expect(await download(page, urls[1] ?? '')).toMatchObject({ have: parts.reduce((sum, p) => sum + p.length, 0) });
  expect(await diskDigests(page)).toEqual(parts.map(sha256));
  server.files.delete('split-00003-of-00003.gguf');
  await page.evaluate(() => window.kinora.models.delete('split'));
  const told = await download(page, urls[0] ?? '');
  expect(told).toMatchObject({ code: 'http_error' });
  expect((told as Told).message).toContain('00003-of-00003');
});

test('without storage the model stays in memory, and says so', async ({ page }) => {
  // An origin of its own may read nothing that is not offered to all: the package comes from a server that does.
  const dist = path.join(root, 'web/dist');
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const type = file.endsWith('.js') ? 'text/javascript' : file.endsWith('.wasm') ? 'application/wasm' : 'text/plain';
    server.serve(`dist/${path.relative(dist, file)}`, await readFile(file), { type });
  }
  const script =
    "<!doctype html><script type=module>import { Kinora } from './dist/index.js'; window.Kinora = Kinora;</script>";
  server.serve('inner.html', Buffer.from(script), { type: 'text/html' });
  const outer =
    '<!doctype html><title>Frame</title><iframe sandbox="allow-scripts" src="./inner.html" title="Sandbox"></iframe>';
  await page.goto(server.serve('outer.html', Buffer.from(outer), { type: 'text/html' }));
  const frame = page.frames()[1];
  if (!frame) throw new Error('no frame');
  await frame.waitForFunction(() => window.Kinora !== undefined);
  const url = server.serve('frame.gguf', small);
  const told = await frame.evaluate(async (url) => {
    const kinora = await window.Kinora.load({ device: 'cpu', threads: 1 });
    const { stored, why, have } = await kinora.models.download(url);
    const refused = await kinora.models
      .download(`${url}?2`, { storage: 'opfs' })
      .catch(({ code }: { code: string }) => code);
    return { stored, why, have, refused };
  }, url);
  expect(told).toMatchObject({ stored: 'memory', have: small.length, refused: 'storage_denied' });
  expect(told.why).toContain('storage');
});

test('while offline a download waits, and goes on by itself', async ({ page, context }) => {
  await open(page, site);
  const url = server.serve('offline.gguf', large, { rate: 8_000_000 });
  const downloading = download(page, url);
  await expect.poll(() => server.sent('offline.gguf'), { intervals: [20] }).toBeGreaterThan(CHUNK);
  await context.setOffline(true);
  await page.waitForTimeout(6000);
  await context.setOffline(false);
  expect(await downloading).toMatchObject({ have: large.length });
  expect(await diskDigests(page)).toEqual([sha256(large)]);
});
