import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { Kinora as KinoraClass } from 'kinora';
import { root, type Site, serve } from './support.js';

declare global {
  interface Window {
    Kinora: typeof KinoraClass;
    kinora: KinoraClass;
  }
}

/** A folder with the built package and a page that has it as `window.Kinora`. */
export async function storeSite(): Promise<Site> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kinora-store-'));
  await cp(path.join(root, 'web/dist'), path.join(folder, 'dist'), { recursive: true });
  await writeFile(
    path.join(folder, 'index.html'),
    `<!doctype html><title>Store</title><link rel="icon" href="data:,"><script type="module">
      import { Kinora } from './dist/index.js';
      window.Kinora = Kinora;
    </script>`,
  );
  const site = await serve(folder);
  return {
    url: site.url,
    close: () => {
      site.close();
      void rm(folder, { recursive: true });
    },
  };
}

/** Opens the page and starts an engine in it. */
export async function open(page: Page, site: Site): Promise<void> {
  await page.goto(site.url);
  await page.waitForFunction(() => window.Kinora !== undefined);
  await page.evaluate(async () => {
    window.kinora = await window.Kinora.load({ device: 'cpu', threads: 1 });
  });
}

export interface Told {
  code: string;
  message: string;
  hint: string;
  details?: Record<string, unknown>;
}

/** Downloads in the page; what came of it. */
export function download(
  page: Page,
  url: string,
  options: { timeoutMs?: number; storage?: 'auto' | 'memory' | 'opfs'; pieces?: string[][] } = {},
): Promise<{ stored: string; have: number; bytes: number; why?: string } | Told> {
  return page.evaluate(
    async ([url, options]) => {
      try {
        const { stored, have, bytes, why } = await window.kinora.models.download(url, options);
        return { stored, have, bytes, ...(why ? { why } : {}) };
      } catch (error) {
        const { code, message, hint, details } = error as Told;
        return { code, message, hint, ...(details ? { details } : {}) };
      }
    },
    [url, options] as const,
  );
}

/** SHA-256 of the only model's parts as they lie on the disk. */
export function diskDigests(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const top = await (await navigator.storage.getDirectory()).getDirectoryHandle('kinora-models');
    const digests: string[] = [];
    for await (const folder of (top as unknown as { values(): AsyncIterable<FileSystemDirectoryHandle> }).values()) {
      for (let p = 0; ; p++) {
        const handle = await folder.getFileHandle(`part-${p}`).catch(() => undefined);
        if (!handle) break;
        const digest = await crypto.subtle.digest('SHA-256', await (await handle.getFile()).arrayBuffer());
        digests.push(Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join(''));
      }
    }
    return digests;
  });
}

/** Changes the bytes at `at` on the disk, behind the store's back; `cut` shortens the file to there instead. */
export function damage(page: Page, at: number, how: 'flip' | 'cut' | 'append' | 'zero' | 'remove'): Promise<void> {
  return page.evaluate(
    async ([at, how]) => {
      const top = await (await navigator.storage.getDirectory()).getDirectoryHandle('kinora-models');
      for await (const folder of (top as unknown as { values(): AsyncIterable<FileSystemDirectoryHandle> }).values()) {
        if (how === 'remove') {
          await folder.removeEntry('part-0');
          return;
        }
        const handle = await folder.getFileHandle('part-0');
        const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
        const writer = await handle.createWritable();
        if (how === 'flip') bytes[at] = (bytes[at] ?? 0) ^ 1;
        if (how === 'zero') bytes.fill(0, at);
        await writer.write(how === 'cut' ? bytes.subarray(0, at) : bytes);
        if (how === 'append') await writer.write(new Uint8Array(at));
        await writer.close();
      }
    },
    [at, how] as const,
  );
}
