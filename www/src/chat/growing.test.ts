import { expect, test } from 'vitest';
import { Growing } from './growing.js';
import { type Block, parse } from './markdown.js';

const TEXT =
  '# Title\n\nTwo\nlines *of* text\n- no list yet\n\n```js\nlet a;\n\n# code\n```\nafter\n- one\n\n- two\n\n\n  - deep\n3. three\n\n' +
  '> said\n> so\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n---\n***\n-\n-x\n\n~~~\nopen\n';

test('however a text comes in pieces, its blocks are those of the whole', () => {
  for (const size of [1, 2, 3, 7, 50]) {
    const growing = new Growing();
    for (let end = 0; end < TEXT.length + size; end += size) {
      const text = TEXT.slice(0, end);
      expect(growing.blocks(text), JSON.stringify(text)).toEqual(parse(text));
    }
  }
});

test('finished blocks stay the same objects while the text grows: no more than the last two are parsed again', () => {
  const growing = new Growing();
  let before: readonly Block[] = [];
  const text = TEXT.repeat(3);
  for (let end = 0; end <= text.length; end++) {
    const now = [...growing.blocks(text.slice(0, end))];
    for (const [i, block] of before.slice(0, -2).entries()) expect(now[i] === block).toBe(true);
    before = now;
  }
  expect(before.length).toBeGreaterThan(20);
});

test('another text in its place is parsed from its beginning', () => {
  const growing = new Growing();
  growing.blocks('One.\n\nTwo.\n\nThree.\n');
  expect(growing.blocks('# Other')).toEqual(parse('# Other'));
});
