import { expect, Playground, test } from './support.js';

const IDEA = 'a cat and a dog dance on the moon';

test('Stop works in every stage, and the next film works', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  const stages = [
    ['while the script is written', () => expect(studio.script).not.toContainText('thinking')],
    ['while the storyboard fills', () => expect(studio.script.locator('.scene').first()).toBeVisible()],
    ['while shots are drawn', () => expect(studio.film.getByText('Drawing', { exact: true })).toBeVisible()],
  ] as const;
  for (const [name, reached] of stages) {
    await test.step(name, async () => {
      await studio.ask(IDEA, 3);
      await expect(studio.stop).toBeVisible();
      await reached();
      const began = Date.now();
      await page.keyboard.press('Escape');
      await expect(studio.stop).toBeHidden();
      expect(Date.now() - began).toBeLessThan(1000);
      await expect(page).toHaveTitle('Kinora');
      await expect(page.getByRole('alert')).toHaveCount(0);
    });
  }
  // What was drawn stays.
  await expect(studio.cards).toHaveCount(3);
  await studio.ask('a bear sits in the forest');
  await studio.done();
});

test('Stop works while the models load', async ({ page, site }) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\.gguf$/, async (route) => {
    await held;
    await route.continue();
  });
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await studio.ask(IDEA);
  await studio.stop.click();
  await expect(studio.stop).toBeHidden();
  release();
  await studio.ask(IDEA);
  await studio.done();
});

test('a second film stops the first, which stays until the new one has its script', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await studio.ask(IDEA, 3);
  await expect(studio.film.getByText('Drawing', { exact: true })).toBeVisible();
  const title = await studio.script.locator('.title').textContent();
  // the new one's script may come before a test could look
  const seen = await page.evaluateHandle(() => {
    const seen = new Set<number>();
    const look = () => seen.add(document.querySelectorAll('.board .card').length);
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    return seen;
  });
  await studio.ask('a penguin with an umbrella in the rain');
  await studio.done();
  expect(await seen.evaluate((counts) => [...counts])).toEqual([3, 1]);
  await expect(studio.script.locator('.title')).not.toHaveText(title ?? '');
});

test('a dead engine says so and the next try works', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await studio.ask(IDEA, 2);
  await expect(studio.script.locator('.scene').first()).toBeVisible();
  const engine = page.workers().find((worker) => worker.url().includes('worker'));
  await engine?.evaluate(() => {
    setTimeout(() => {
      throw new Error('killed by the test');
    });
  });
  await expect(page.getByRole('alert')).toContainText('The engine stopped');
  await page.getByRole('button', { name: 'Try again' }).click();
  await studio.done();
});
