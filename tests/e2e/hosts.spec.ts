import { expect, Playground, test } from './support.js';

const IDEA = 'a rabbit jumps in the meadow';

test('without isolation headers, in a folder, one thread makes the film', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.plain.url);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await studio.ask(IDEA);
  await studio.done();
  await page.locator('button.device').click();
  await expect(page.locator('#device')).toContainText('One thread');
});

test('with isolation headers the engine has helpers', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await expect(page.locator('button.device')).toBeVisible();
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  if (cores > 1) await expect.poll(() => page.workers().length).toBeGreaterThan(1);
});

test('a page that may keep nothing works from memory and says so', async ({ page, site }) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, 'indexedDB', {
      get: () => {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await expect(page.getByText('gives the page no storage')).toBeVisible();
  await studio.ask(IDEA);
  await studio.done();
});

test('a model file that is a web page, cut short or damaged is named, and a good one works', async ({ page, site }) => {
  const studio = new Playground(page);
  let answer = 'html';
  await page.route(/\.gguf$/, async (route) => {
    if (answer === 'html')
      await route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Home</title>' });
    else if (answer === 'short') await route.fulfill({ body: Buffer.alloc(5000, 1) });
    else if (answer === 'damaged') {
      const body = await (await route.fetch()).body();
      body[100_000] = (body[100_000] ?? 0) ^ 1;
      await route.fulfill({ body });
    } else await route.continue();
  });
  await studio.open(site.isolated.url);
  for (const [kind, words] of [
    ['html', 'is a web page'],
    ['short', 'bytes arrived'],
    ['damaged', 'SHA-256'],
  ] as const) {
    answer = kind;
    await studio.ask(IDEA);
    await expect(page.getByRole('alert')).toContainText(words);
  }
  answer = 'good';
  await studio.ask(IDEA);
  await studio.done();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`a phone of 360 pixels, ${colorScheme}: nothing overflows, axe finds nothing`, async ({ page, site }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const studio = new Playground(page);
    await studio.open(site.isolated.url);
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    expect(await studio.violations()).toEqual([]);
    await studio.ask(IDEA);
    await expect(studio.stop).toBeVisible();
    expect(await studio.violations()).toEqual([]);
    await studio.done();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
    expect(await studio.violations()).toEqual([]);
  });
}
