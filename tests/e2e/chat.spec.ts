import type { Locator, Page } from '@playwright/test';
import { adapter, gguf } from './gguf.js';
import { Mischief } from './mischief.js';
import { expect, Playground, test } from './support.js';

/** The chat, as a person handles it. */
class Chat {
  readonly box: Locator;
  readonly send: Locator;
  readonly stop: Locator;
  readonly answers: Locator;
  readonly model: Locator;

  constructor(readonly page: Page) {
    this.box = page.getByLabel('Message', { exact: true });
    this.send = page.getByRole('button', { name: 'Send' });
    this.stop = page.getByRole('button', { name: 'Stop' });
    this.answers = page.getByRole('log').getByRole('article', { name: 'Answer' });
    this.model = page.getByLabel('Model', { exact: true });
  }

  async open(url: string): Promise<void> {
    await this.page.goto(`${url}#chat`);
    await expect(this.box).toBeVisible();
  }

  async say(text: string): Promise<void> {
    await this.box.fill(text);
    await this.box.press('Enter');
  }

  async done(): Promise<void> {
    await expect(this.page.getByRole('button', { name: 'Regenerate' })).toBeVisible();
    await expect(this.page.getByRole('alert')).toHaveCount(0);
  }

  /** Drops a file on the page. */
  async drop(name: string, bytes: Buffer): Promise<void> {
    const transfer = await this.page.evaluateHandle(
      ([name, base64]) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], name));
        return transfer;
      },
      [name, bytes.toString('base64')] as const,
    );
    await this.page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  }
}

const ROBOT = 'Write a film script about a shy robot';

test('the embedded model talks at once; the conversation outlives a reload', async ({ page, site }) => {
  const chat = new Chat(page);
  await chat.open(site.isolated.url);
  await chat.say(ROBOT);
  await chat.done();
  const text = (await chat.answers.locator('.text').textContent()) ?? '';
  expect(text.length).toBeGreaterThan(20);
  await expect(chat.answers.locator('footer')).toContainText(/tok\/s · \d+ tokens/);
  await expect(page.locator('button.device')).toContainText(/tok\/s/);
  await expect(page.locator('button.device')).toContainText(/MB/);
  await page.reload();
  await expect(chat.answers.locator('.text')).toHaveText(text);
  await page.getByRole('button', { name: 'Regenerate' }).click();
  await chat.done();
  await expect(chat.answers).toHaveCount(1);
  await page.getByRole('button', { name: 'New chat' }).click();
  await expect(chat.answers).toHaveCount(0);
  await expect(page.getByText('Talk with a model')).toBeVisible();
});

test('while an answer grows it is drawn once a frame, and what is finished stays as it is', async ({ page, site }) => {
  const chat = new Chat(page);
  await chat.open(site.isolated.url);
  const seen = await page.evaluate(async () => {
    interface Room extends HTMLElement {
      talk: { turns: { role: string; text: string }[]; stopper: AbortController | undefined };
      requestUpdate(): void;
      updateComplete: Promise<unknown>;
    }
    const room = document.querySelector('chat-page') as Room;
    const frame = (): Promise<number> => new Promise(requestAnimationFrame);
    const turn = { role: 'assistant', text: 'First of all.\n\n' };
    room.talk.stopper = new AbortController();
    room.talk.turns = [{ role: 'user', text: 'Go on' }, turn];
    room.requestUpdate();
    await room.updateComplete;
    const first = room.querySelector('.answer .text p');
    getSelection()?.selectAllChildren(first as Node);
    let draws = 0;
    const watch = new MutationObserver(() => {
      draws += 1;
    });
    watch.observe(room, { subtree: true, childList: true, characterData: true });
    const channel = new MessageChannel();
    let frames = 0;
    let over = false;
    void (async () => {
      while (!over) {
        await frame();
        frames += 1;
      }
    })();
    for (let i = 0; i < 600; i++) {
      turn.text += `word ${i} ${i % 20 === 19 ? '\n\n- **item**\n\n' : ''}`;
      room.requestUpdate();
      await new Promise((resolve) => {
        channel.port1.onmessage = resolve;
        channel.port2.postMessage(0);
      });
    }
    await room.updateComplete;
    over = true;
    const texts = room.querySelectorAll('.answer .text > *');
    return { draws, frames, same: texts[0] === first, blocks: texts.length, selected: String(getSelection()) };
  });
  expect(seen.same).toBe(true);
  expect(seen.selected).toBe('First of all.');
  expect(seen.blocks).toBe(61);
  expect(seen.draws).toBeLessThanOrEqual(seen.frames + 2);
});

test('a seed gives the same answer; a setting that cannot be is named', async ({ page, site }) => {
  const chat = new Chat(page);
  await chat.open(site.isolated.url);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Seed').fill('7');
  await page.getByLabel('Longest answer').fill('30');
  const texts: (string | null)[] = [];
  for (let i = 0; i < 2; i++) {
    await chat.say(ROBOT);
    await chat.done();
    texts.push(await chat.answers.locator('.text').textContent());
    await page.getByRole('button', { name: 'New chat' }).click();
  }
  expect(texts[0]).toBeTruthy();
  expect(texts[1]).toBe(texts[0]);
  await page.getByLabel('Temperature').fill('9');
  await chat.say('Hello');
  await expect(page.getByRole('alert')).toContainText('temperature is 9');
});

test('an answer as JSON follows the schema; a schema that is none is named', async ({ page, site }) => {
  const chat = new Chat(page);
  await chat.open(site.isolated.url);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('as JSON that follows a schema').check();
  await chat.say(ROBOT);
  await chat.done();
  const answer = JSON.parse((await chat.answers.locator('code').textContent()) ?? '') as Record<string, unknown>;
  expect(Object.keys(answer).sort()).toEqual(['mood', 'title', 'words']);
  expect(['happy', 'sad', 'calm']).toContain(answer['mood']);
  await page.getByLabel('Schema', { exact: true }).fill('{ "type": ');
  await chat.say('Hello');
  await expect(page.getByRole('alert')).toContainText('The schema is no JSON');
});

test('Stop ends an answer at once and keeps what is there', async ({ page, site }) => {
  const chat = new Chat(page);
  await chat.open(site.isolated.url);
  await chat.drop('slow.gguf', gguf({ embedding: 256, layers: 6 })[0] as Buffer);
  await expect(chat.model).toHaveValue('slow');
  // drawn at random, its nonsense would end by itself now and then
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Temperature', { exact: false }).fill('0');
  await chat.say('Hello');
  await expect(chat.stop).toBeVisible();
  await expect(chat.answers.locator('footer')).toContainText(/\d+ tokens|tok\/s/);
  const began = Date.now();
  await page.keyboard.press('Escape');
  await expect(chat.send).toBeVisible();
  expect(Date.now() - began).toBeLessThan(1000);
  await expect(chat.answers.locator('footer')).toContainText('stopped');
  await page.getByRole('button', { name: 'New chat' }).click();
  await chat.model.selectOption('');
  await chat.say(ROBOT);
  await chat.done();
});

test('a file that is dropped is chatted with; one that is no model is named', async ({ page, site }) => {
  const chat = new Chat(page);
  await page.goto(site.isolated.url);
  await expect(page.getByLabel('Idea', { exact: true })).toBeVisible();
  await chat.drop('notes.gguf', Buffer.from('just a text'));
  await expect(page.getByRole('alert')).toContainText('notes');
  await chat.drop('Tiny-F32.gguf', gguf({ embedding: 64, layers: 2 })[0] as Buffer);
  await expect(chat.model).toHaveValue('Tiny-F32');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Longest answer').fill('24');
  await chat.say('Hello');
  await chat.done();
  await expect(chat.answers.locator('footer')).toContainText('Tiny-F32');
  await page.goto(`${site.isolated.url}#models`);
  await expect(page.locator('.model').filter({ hasText: 'Tiny-F32' })).toContainText('llama · F32');
});

test('an adapter of the model is added from a file, switched on and off, and removed', async ({ page, site }) => {
  const chat = new Chat(page);
  const shape = { embedding: 64, layers: 2 };
  await chat.open(site.isolated.url);
  await chat.drop('base.gguf', gguf(shape)[0] as Buffer);
  await expect(chat.model).toHaveValue('base');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Longest answer').fill('24');
  await page.getByLabel('Temperature').fill('0');
  const said = async (): Promise<string | null> => {
    const anew = page.getByRole('button', { name: 'New chat' });
    if (await anew.isEnabled()) await anew.click();
    await chat.say('Tell me something');
    await chat.done();
    return chat.answers.locator('.text').textContent();
  };
  const plain = await said();
  const add = page.getByLabel('Add an adapter');
  await add.setInputFiles({ name: 'deep.gguf', mimeType: '', buffer: adapter({ ...shape, layers: 7 }) });
  await expect(page.getByRole('alert')).toContainText('blk.6.ffn_down');
  await add.setInputFiles({ name: 'style.gguf', mimeType: '', buffer: adapter(shape) });
  const style = page.getByLabel('style', { exact: true });
  await expect(style).toBeChecked();
  await expect(page.getByLabel('Strength of style')).toHaveValue('1');
  expect(await said()).not.toBe(plain);
  await style.uncheck();
  expect(await said()).toBe(plain);
  await style.check();
  await chat.drop('tone.gguf', adapter({ ...shape, seed: 5 }));
  await expect(page.getByLabel('tone', { exact: true })).toBeChecked();
  await expect(chat.model).toHaveValue('base');
  await page.getByRole('button', { name: 'Remove tone' }).click();
  await page.getByRole('button', { name: 'Remove style' }).click();
  await expect(style).toHaveCount(0);
  expect(await said()).toBe(plain);
});

test('a model by its address: looked at, downloaded, paused, resumed, used, deleted', async ({ page, site }) => {
  const server = await Mischief.start();
  const [body] = gguf({ embedding: 512, layers: 3, name: 'Test model' });
  const url = server.serve('address.gguf', body as Buffer, { rate: 4_000_000 });
  await page.goto(`${site.isolated.url}#models`);
  await page.getByLabel('Address', { exact: true }).fill(url);
  await page.getByRole('button', { name: 'Look' }).click();
  await expect(page.locator('.offer')).toContainText('Test model');
  await expect(page.locator('.offer')).toContainText('It fits.');
  await page.getByRole('button', { name: 'Download' }).click();
  const row = page.locator('.model').filter({ hasText: 'address' });
  await expect(row.getByRole('progressbar')).toBeVisible();
  await expect.poll(() => server.sent('address.gguf')).toBeGreaterThan(10_000_000);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(row).toContainText('are here');
  await page.reload();
  await expect(row.getByRole('button', { name: 'Resume' })).toBeVisible();
  const before = server.sent('address.gguf');
  server.files.get('address.gguf')?.manner && (server.files.get('address.gguf') as { manner: object }).manner;
  await row.getByRole('button', { name: 'Resume' }).click();
  await expect(row).toContainText('in use');
  expect(server.sent('address.gguf') - before).toBeLessThan((body as Buffer).length - 8 * 1024 * 1024 + 100_000);
  await expect(page.getByText(/that the browser gives this page/)).toBeVisible();
  await page.getByRole('link', { name: 'Chat' }).click();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Longest answer').fill('12');
  const chat = new Chat(page);
  await chat.say('Hello');
  await chat.done();
  await page.getByRole('link', { name: 'Models' }).click();
  await row.getByRole('button', { name: 'Delete address' }).click();
  await row.getByRole('button', { name: 'Really delete address' }).click();
  await expect(row).toHaveCount(0);
  server.close();
});

test('what a model writes is never more than text: no request, no script, no dialog', async ({ page, site }) => {
  const hostile = [
    '![x](https://evil.example/p.png?secret)',
    '<img src="https://evil.example/q.png" onerror="alert(1)">',
    '<script>alert(1)</script><svg onload=alert(1)><style>@import "https://evil.example/s.css"</style>',
    '[x](javascript:alert(1)) [y](data:text/html;base64,PHNjcmlwdD4=) [z](vbscript:x)',
    '[ref][1]\n\n[1]: https://evil.example/ref',
    '```html\n<iframe src="https://evil.example"></iframe>\n```',
    '| <b>a</b> |\n|---|\n| <a href="javascript:alert(1)">b</a> |',
    '<form action="https://evil.example"><input name="x"></form><a name="kinora">',
    '[good](https://example.org/path)',
  ];
  await page.goto(`${site.isolated.url}#chat`);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('dialog', (dialog) => requests.push(`dialog ${dialog.message()}`));
  await page.evaluate((texts) => {
    const turns = texts.flatMap((text) => [
      { role: 'user', text: 'say it' },
      { role: 'assistant', text },
    ]);
    localStorage.setItem('kinora-chat', JSON.stringify({ version: 1, turns, settings: {} }));
  }, hostile);
  await page.reload();
  const log = page.getByRole('log');
  await expect(log.getByRole('article', { name: 'Answer' })).toHaveCount(hostile.length);
  expect(await log.locator('img, script, style, svg:not(.icon), iframe, form, input').count()).toBe(0);
  const links = await log
    .locator('a')
    .evaluateAll((all) => all.map((a) => [a.getAttribute('href'), a.getAttribute('rel')]));
  // Where it leads stands beside it; a picture is no more than a link.
  expect(links).toEqual([
    ['https://evil.example/p.png?secret', 'noopener noreferrer'],
    ['https://example.org/path', 'noopener noreferrer'],
  ]);
  await expect(log.locator('a').first()).toContainText('(evil.example)');
  await page.waitForTimeout(300);
  expect(requests.filter((url) => url.includes('evil') || url.startsWith('dialog'))).toEqual([]);
});

for (const [device, viewport] of [
  ['desktop', { width: 1280, height: 800 }],
  ['phone', { width: 360, height: 740 }],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing in chat and models, ${device}, ${colorScheme}`, async ({ page, site }) => {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const chat = new Chat(page);
      const studio = new Playground(page);
      const overflow = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      await chat.open(site.isolated.url);
      expect(await studio.violations()).toEqual([]);
      await chat.say(ROBOT);
      await chat.done();
      await page.getByRole('button', { name: 'Settings' }).click();
      await page.getByLabel('as JSON that follows a schema').check();
      expect(await studio.violations()).toEqual([]);
      expect(await overflow()).toBeLessThanOrEqual(0);
      await page.getByRole('link', { name: 'Models' }).click();
      await page.getByLabel('Address', { exact: true }).fill('http://127.0.0.1:9/none.gguf');
      await page.getByRole('button', { name: 'Look' }).click();
      await expect(page.getByRole('alert')).toContainText('could not be read');
      expect(await studio.violations()).toEqual([]);
      expect(await overflow()).toBeLessThanOrEqual(0);
    });
  }
}
