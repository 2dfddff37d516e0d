import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Kinora as KinoraClass } from 'kinora';
import { expect, root, type Site, serve, test } from './support.js';

declare global {
  interface Window {
    Kinora: typeof KinoraClass;
  }
}

const CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' blob:; require-trusted-types-for 'script'; trusted-types kinora";
const SMALL = { idea: 'a blue cat waves', seed: 7, shots: 1, secondsPerShot: 0.25, width: 96, height: 64 };

// The tarball that npm would publish, in a plain page under a strict policy: no bundler, no build.
let folder: string;
let site: Site;

test.beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kinora-pack-'));
  const npm = (...args: string[]): string =>
    execFileSync('npm', args, { cwd: path.join(root, 'web'), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const tarball = npm('pack', '--silent', '--pack-destination', folder).trim();
  execFileSync('tar', ['-xzf', path.join(folder, tarball), '-C', folder]);
  await writeFile(
    path.join(folder, 'page.js'),
    "import { Kinora } from './package/dist/index.js';\nwindow.Kinora = Kinora;\n",
  );
  const head = `<meta http-equiv="Content-Security-Policy" content="${CSP}"><link rel="icon" href="data:,">`;
  await writeFile(
    path.join(folder, 'index.html'),
    `<!doctype html><title>Consumer</title>${head}<script type="module" src="./page.js"></script>`,
  );
  site = await serve(folder);
});
test.afterAll(async () => {
  site.close();
  await rm(folder, { recursive: true });
});
test.beforeEach(async ({ page }) => {
  await page.goto(site.url);
  await page.waitForFunction(() => window.Kinora !== undefined);
});

test('the same seed makes the same film, twice in one engine and again in a new one', async ({ page }) => {
  const films = await page.evaluate(async (options) => {
    const digest = async (kinora: KinoraClass): Promise<string> => {
      const film = await kinora.films.create(options).finished;
      const bytes = await new Blob(film.frames.map(({ data }) => data as Uint8ClampedArray<ArrayBuffer>)).arrayBuffer();
      const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      return `${film.frames.length} ${film.script?.text} ${sum}`;
    };
    const first = await window.Kinora.load({ device: 'cpu' });
    const made = [await digest(first), await digest(first)];
    first.dispose();
    const second = await window.Kinora.load({ device: 'cpu' });
    made.push(await digest(second));
    second.dispose();
    return made;
  }, SMALL);
  expect(films[0]).toMatch(/^3 \S/);
  expect(new Set(films).size).toBe(1);
});

test('a chat streams in the shape of the OpenAI API, and break stops it', async ({ page }) => {
  const answer = await page.evaluate(async () => {
    const kinora = await window.Kinora.load();
    const messages = [{ role: 'user' as const, content: 'Hello!' }];
    const whole = await kinora.chat.completions.create({ messages, max_tokens: 12, seed: 1 });
    let text = '';
    let chunks = 0;
    for await (const chunk of await kinora.chat.completions.create({
      messages,
      max_tokens: 12,
      seed: 1,
      stream: true,
    })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    for await (const _ of await kinora.chat.completions.create({ messages, stream: true })) {
      chunks += 1;
      if (chunks === 2) break;
    }
    const again = await kinora.chat.completions.create({ messages, max_tokens: 3 });
    kinora.dispose();
    return { whole, text, again };
  });
  expect(answer.whole.choices[0]?.message.content).toBeTruthy();
  expect(answer.whole.choices[0]?.message.content).toBe(answer.text);
  expect(answer.whole.usage.completion_tokens).toBeLessThanOrEqual(12);
  expect(answer.again.object).toBe('chat.completion');
});

test('an aborted film ends within 100 ms, and errors carry code and hint', async ({ page }) => {
  const told = await page.evaluate(async (options) => {
    const kinora = await window.Kinora.load();
    const abort = new AbortController();
    const film = kinora.films.create({ ...options, shots: 3, signal: abort.signal });
    let abortedAt = 0;
    let name = '';
    let events = 0;
    try {
      for await (const _ of film) {
        events += 1;
        if (events === 4) {
          abortedAt = performance.now();
          abort.abort();
        }
      }
    } catch (error) {
      name = (error as Error).name;
    }
    const took = performance.now() - abortedAt;
    const next = await kinora.films.create(options).finished;
    const bad = await kinora.chat.completions
      .create({ messages: [], stream: false })
      .catch(({ code, hint, param }: { code: string; hint: string; param: string }) => ({ code, hint, param }));
    kinora.dispose();
    const gone = await kinora.films.create(options).finished.catch(({ code }: { code: string }) => code);
    return { name, took, status: film.status, frames: next.frames.length, bad, gone };
  }, SMALL);
  expect(told).toMatchObject({ name: 'AbortError', status: 'canceled', frames: 3, gone: 'disposed' });
  expect(told.took).toBeLessThan(100);
  expect(told.bad).toMatchObject({ code: 'invalid_value', param: 'messages' });
});

test('a missing file is named with its address and what to do', async ({ page }) => {
  const error = await page.evaluate(() =>
    window.Kinora.load({ assets: './nowhere/' }).then(
      () => undefined,
      ({ code, message, hint }: { code: string; message: string; hint: string }) => ({ code, message, hint }),
    ),
  );
  expect(error?.message).toContain('nowhere');
  expect(error?.hint).toBeTruthy();
});

test('the forced GPU device draws what the CPU draws', async ({ page }) => {
  test.slow();
  const gpu = await page.evaluate(async () => Boolean(await (navigator as { gpu?: GPU }).gpu?.requestAdapter()));
  test.skip(!gpu, 'no WebGPU adapter in this browser, not even a software one');
  const difference = await page.evaluate(async (options) => {
    const frames = async (device: 'cpu' | 'gpu'): Promise<number[]> => {
      const kinora = await window.Kinora.load({ device });
      if (kinora.device.kind !== device) throw new Error(`asked for ${device}, got ${kinora.device.kind}`);
      const film = await kinora.films.create(options).finished;
      kinora.dispose();
      return film.frames.flatMap(({ data }) => Array.from(data));
    };
    const [cpu, gpu] = [await frames('cpu'), await frames('gpu')];
    if (cpu.length !== gpu.length) return { same: false, mean: 255 };
    return { same: true, mean: cpu.reduce((sum, value, i) => sum + Math.abs(value - (gpu[i] ?? 0)), 0) / cpu.length };
  }, SMALL);
  expect(difference.same).toBe(true);
  expect(difference.mean).toBeLessThan(1);
});
