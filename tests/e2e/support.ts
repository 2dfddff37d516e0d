import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test as base, expect, type Locator, type Page } from '@playwright/test';

const root = path.resolve(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);

/** A static server of a folder; `isolated` adds the headers that threads need. */
export interface Site {
  url: string;
  close(): void;
}

export async function serve(folder: string, ...options: string[]): Promise<Site> {
  const server: ChildProcess = spawn(process.execPath, [path.join(root, 'www/serve.mjs'), folder, ...options]);
  const url = await new Promise<string>((resolve, reject) => {
    server.stdout?.once('data', (line) => resolve(String(line).trim()));
    server.once('exit', () => reject(new Error('the server ended')));
  });
  return { url, close: () => void server.kill() };
}

interface Sites {
  isolated: Site;
  plain: Site;
}

/** `site`: the built page, with and without isolation headers. Every test fails on a request that leaves the origin. */
export const test = base.extend<{ watched: undefined }, { site: Sites }>({
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from this pattern
    async ({}, use) => {
      const dist = path.join(root, 'www/dist');
      const [isolated, plain] = await Promise.all([serve(dist), serve(dist, '--no-isolation', '--base', '/a/folder')]);
      await use({ isolated, plain });
      isolated.close();
      plain.close();
    },
    { scope: 'worker' },
  ],
  watched: [
    async ({ context }, use) => {
      const strangers: string[] = [];
      context.on('request', (request) => {
        const url = new URL(request.url());
        if (!['127.0.0.1'].includes(url.hostname) && !['blob:', 'data:'].includes(url.protocol))
          strangers.push(url.href);
      });
      const errors: string[] = [];
      context.on('weberror', (error) => errors.push(error.error().message));
      await use(undefined);
      expect(strangers).toEqual([]);
      expect(errors).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect, root };

/** The page, as a person handles it. */
export class Playground {
  readonly box: Locator;
  readonly make: Locator;
  readonly stop: Locator;
  readonly film: Locator;
  readonly position: Locator;
  readonly script: Locator;
  readonly cards: Locator;
  readonly caption: Locator;

  constructor(readonly page: Page) {
    this.box = page.getByLabel('Idea', { exact: true });
    this.make = page.getByRole('button', { name: 'Make film' });
    this.stop = page.getByRole('button', { name: 'Stop' });
    this.film = page.getByRole('region', { name: 'Film' });
    this.position = page.getByRole('slider', { name: 'Position' });
    this.script = page.getByRole('region', { name: 'Script' });
    this.cards = page.locator('.board .card');
    this.caption = page.locator('.caption');
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await expect(this.make).toBeVisible();
  }

  async ask(idea: string, shots = 1): Promise<void> {
    await this.box.fill(idea);
    await this.page.getByLabel('Shots').selectOption(String(shots));
    await this.make.click();
  }

  /** Waits for the end of the film that is being made. */
  async done(timeout = 120_000): Promise<void> {
    await expect(this.stop).toBeHidden({ timeout });
    await expect(this.page.getByRole('alert')).toHaveCount(0);
    await expect(this.page.getByRole('button', { name: 'Export' })).toBeVisible();
  }

  /** Frames of the film. */
  async frames(): Promise<number> {
    return Number(await this.position.getAttribute('max')) + 1;
  }

  /** A seventh of the bytes of frame `at`, RGBA. */
  async pixels(at: number): Promise<number[]> {
    await this.position.fill(String(at));
    return this.page.evaluate(async () => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const canvas = document.querySelector<HTMLCanvasElement>('.stage canvas');
      const picture = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
      return Array.from(picture?.data.filter((_, i) => i % 7 === 0) ?? []);
    });
  }

  /** Violations that axe finds, one line each. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(await axeSource());
    return this.page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> };
      };
      const { violations } = await axe.run();
      return violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`),
      );
    });
  }
}

async function axeSource(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return `${await readFile(require.resolve('axe-core/axe.min.js'), 'utf8')}; undefined`;
}

/** Mean absolute difference of two pictures, 0 to 255. */
export function difference(a: number[], b: number[]): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}
