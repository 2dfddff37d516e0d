import { existsSync } from 'node:fs';
import path from 'node:path';
import { difference, expect, Playground, root, test } from './support.js';

const IDEA = 'a cat waves in the meadow';

test.beforeEach(() => {
  test.skip(!existsSync(path.join(root, 'web/dist/models/refine.safetensors')), 'this build ships no refiner');
});

test('a film in a style plays as a draft, is refined in place, and comes back after a reload', async ({
  page,
  site,
}) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await page.getByLabel('Style').selectOption('film');
  await studio.ask(IDEA);
  const badge = studio.film.getByText('Refining', { exact: true });
  await expect(badge).toBeVisible();
  await expect(page.locator('.progress')).toContainText('Refining shot 1 of 1');
  const last = (await studio.frames()) - 1;
  const draft = await studio.pixels(last);
  await studio.done();
  await expect(badge).toBeHidden();
  await expect(page.locator('.notices', { hasText: 'film' })).toHaveCount(0);
  await expect(studio.position).toHaveValue(String(last));
  const refined = await studio.pixels(last);
  expect(difference(draft, refined)).toBeGreaterThan(2);
  // the card shows the refined picture of the middle of its shot
  const card = await page.locator('.board canvas').first().evaluate(pixelsOf);
  expect(difference(card, await studio.pixels(Math.floor((last + 1) / 2)))).toBe(0);
  await page.reload();
  await expect(studio.cards).toHaveCount(1);
  expect(difference(refined, await studio.pixels(last))).toBe(0);
});

test('the draft plays by itself while it is refined', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await page.getByLabel('Style').selectOption('watercolor');
  await studio.ask(IDEA, 2);
  await expect(studio.film.getByText('Refining', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await studio.done();
});

test('every style that the page offers is drawn', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  const styles = await page.getByLabel('Style').locator('option').allTextContents();
  expect(styles.length).toBeGreaterThan(2);
  for (const style of styles) {
    await page.getByLabel('Style').selectOption(style);
    await studio.ask(IDEA);
    await studio.done();
    await expect(page.locator('.notices', { hasText: 'drawn flat' }), style).toHaveCount(0);
  }
});

test('Stop while refining keeps every frame, and the next film works', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await page.getByLabel('Style').selectOption('paper');
  await studio.ask(IDEA, 2);
  await expect(page.locator('.progress')).toContainText('Refining');
  const frames = await studio.frames();
  const began = Date.now();
  await page.keyboard.press('Escape');
  await expect(studio.stop).toBeHidden();
  expect(Date.now() - began).toBeLessThan(1000);
  expect(await studio.frames()).toBe(frames);
  expect(new Set(await studio.pixels(frames - 1)).size).toBeGreaterThan(8);
  await page.reload();
  await expect(studio.cards).toHaveCount(2);
  expect(await studio.frames()).toBe(frames);
  await studio.ask('a bear sits in the forest');
  await studio.done();
});

test('without the refiner there are films, drawn flat, and the page says so', async ({ page, site }) => {
  await page.route(/refine[^/]*\.safetensors$/, (route) => route.fulfill({ status: 404, body: 'not found' }));
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await page.getByLabel('Style').selectOption('watercolor');
  await studio.ask(IDEA);
  await studio.done();
  await expect(page.locator('.notices')).toContainText('watercolor');
  expect(new Set(await studio.pixels(0)).size).toBeGreaterThan(8);
});

/** A seventh of the bytes of a canvas, RGBA. */
function pixelsOf(canvas: HTMLCanvasElement | SVGElement): number[] {
  const { width, height } = canvas as HTMLCanvasElement;
  const picture = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height);
  return Array.from(picture?.data.filter((_, i) => i % 7 === 0) ?? []);
}
