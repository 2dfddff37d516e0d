import { expect, Playground, test } from './support.js';

test('an empty idea is asked for', async ({ page, site }) => {
  const studio = new Playground(page);
  await studio.open(site.isolated.url);
  await studio.make.click();
  await expect(page.getByText('Say in a few words')).toBeVisible();
  await expect(studio.box).toBeFocused();
  expect(await studio.violations()).toEqual([]);
});

for (const [name, idea] of [
  ['of 10,000 words', 'a robot walks in the snow and then '.repeat(1250)],
  ['of emoji', '🤖🌸❄️'],
  ['from right to left', 'קוף רוקד על הירח'],
  ['outside the world', 'a submarine pays its taxes'],
] as const) {
  test(`an idea ${name} becomes a film, or a notice says what was understood`, async ({ page, site }) => {
    const studio = new Playground(page);
    await studio.open(site.isolated.url);
    await studio.ask(idea);
    await studio.done();
    await expect(studio.cards).toHaveCount(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    if (name === 'from right to left') {
      expect(await studio.box.evaluate((box) => getComputedStyle(box).direction)).toBe('rtl');
    } else if (name === 'outside the world') await expect(page.locator('.notices')).toBeVisible();
  });
}
