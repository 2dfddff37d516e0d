import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { difference, expect, Playground, test } from './support.js';

// One film, looked at from all sides: making it takes the longest.
test.describe
  .serial('an idea becomes a film', () => {
    let page: Page;
    let studio: Playground;
    const strangers: string[] = [];

    test.beforeAll(async ({ browser, site }) => {
      const context = await browser.newContext({ acceptDownloads: true });
      context.on('request', (request) => {
        if (!request.url().startsWith(site.isolated.url) && !request.url().startsWith('blob:'))
          strangers.push(request.url());
      });
      page = await context.newPage();
      studio = new Playground(page);
      await studio.open(site.isolated.url);
    });
    test.afterAll(async () => {
      await page.context().close();
    });

    test('the script is written live, the storyboard fills, every shot is drawn', async () => {
      await studio.ask('a shy robot finds a flower in the snow', 3);
      await expect(studio.stop).toBeVisible();
      await expect(studio.script).not.toContainText('thinking');
      await expect(page.locator('progress[aria-label="Progress"]')).toBeVisible();
      await expect(studio.cards).toHaveCount(3);
      await studio.done();
      await expect(studio.script.locator('.title')).not.toBeEmpty();
      await expect(studio.script.locator('.scene')).not.toHaveCount(0);
    });

    test('frames move within a shot and differ between shots', async () => {
      const each = (await studio.frames()) / 3;
      expect(each).toBeGreaterThan(4);
      const first = await studio.pixels(0);
      const later = await studio.pixels(Math.floor(each / 2));
      const next = await studio.pixels(each + 1);
      expect(new Set(first).size).toBeGreaterThan(8);
      expect(difference(first, later)).toBeGreaterThan(0.2);
      expect(difference(first, next)).toBeGreaterThan(0.2);
      expect(difference(first, await studio.pixels(0))).toBe(0);
    });

    test('captions are the sentences of the storyboard', async () => {
      const each = (await studio.frames()) / 3;
      for (const shot of [0, 1, 2]) {
        await studio.position.fill(String(Math.floor((shot + 0.5) * each)));
        const sentence = await studio.cards.nth(shot).locator('p').first().textContent();
        expect(sentence).toBeTruthy();
        await expect(studio.caption).toHaveText(sentence ?? '');
      }
      await page.getByRole('button', { name: 'Captions' }).click();
      await expect(studio.caption).toBeHidden();
      await page.getByRole('button', { name: 'Captions' }).click();
    });

    test('it plays, and the keyboard works', async () => {
      await studio.position.fill('0');
      await page.locator('body').press(' ');
      await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
      await expect.poll(async () => Number(await studio.position.inputValue())).toBeGreaterThan(3);
      await page.locator('body').press(' ');
      await studio.position.fill('0');
      await studio.position.blur();
      await page.keyboard.press('ArrowRight');
      await expect(studio.position).toHaveValue('1');
      await page.keyboard.press('Shift+ArrowRight');
      await expect(studio.position).toHaveValue(String((await studio.frames()) / 3));
      await page.keyboard.press('/');
      await expect(studio.box).toBeFocused();
    });

    for (const [format, label] of [
      ['mp4', /MP4/],
      ['webm', /WebM/],
    ] as const) {
      test(`its ${format} plays in a video element`, async () => {
        const bytes = await exported(page, label);
        const played = await page.evaluate(async (base64) => {
          const binary = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
          const video = document.createElement('video');
          video.muted = true;
          video.src = URL.createObjectURL(new Blob([binary]));
          const ended = new Promise((resolve, reject) => {
            video.onended = resolve;
            video.onerror = () => reject(new Error(video.error?.message));
          });
          await video.play();
          video.playbackRate = 8;
          await ended;
          return { width: video.videoWidth, height: video.videoHeight, seconds: video.duration };
        }, bytes.toString('base64'));
        expect(played.width / played.height).toBeCloseTo(192 / 112, 1);
        expect(played.seconds).toBeGreaterThan(((await studio.frames()) / 12) * 0.9);
      });
    }

    test('axe finds nothing, in light and in dark', async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await studio.violations()).toEqual([]);
      }
    });

    test('a reload brings it back, and it can be exported again', async () => {
      const frames = await studio.frames();
      const before = await studio.pixels(5);
      const script = await studio.script.textContent();
      await page.reload();
      await expect(studio.cards).toHaveCount(3);
      expect(await studio.frames()).toBe(frames);
      expect(difference(before, await studio.pixels(5))).toBe(0);
      expect(await studio.script.textContent()).toBe(script);
      expect((await exported(page, /MP4/)).length).toBeGreaterThan(10_000);
    });

    test('its link makes the same film again', async ({ browser, site }) => {
      const before = await studio.pixels(7);
      const script = await studio.script.textContent();
      await page.getByRole('button', { name: 'Copy link' }).click();
      await expect(page).toHaveURL(/#idea=/);
      const context = await browser.newContext();
      const other = new Playground(await context.newPage());
      await other.open(page.url());
      expect(page.url().startsWith(site.isolated.url)).toBe(true);
      await expect(other.box).toHaveValue('a shy robot finds a flower in the snow');
      await other.make.click();
      await other.done();
      expect(await other.script.textContent()).toBe(script);
      expect(difference(before, await other.pixels(7))).toBe(0);
      await context.close();
    });

    test('its GIF has every frame', async () => {
      const bytes = await exported(page, /GIF/);
      const frames = await page.evaluate(async (base64) => {
        const data = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const decoder = new ImageDecoder({ data, type: 'image/gif' });
        await Promise.all([decoder.tracks.ready, decoder.completed]);
        return decoder.tracks.selectedTrack?.frameCount;
      }, bytes.toString('base64'));
      expect(frames).toBe(await studio.frames());
    });

    test('no request left the origin', () => {
      expect(strangers).toEqual([]);
    });
  });

async function exported(page: Page, label: RegExp): Promise<Buffer> {
  await page.getByRole('button', { name: 'Export' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: label }).click();
  return readFile(await (await download).path());
}
