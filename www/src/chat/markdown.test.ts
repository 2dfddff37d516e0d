import { expect, test } from 'vitest';
import { type Block, clean, type Inline, inline, parse } from './markdown.js';

const flat = (nodes: Inline[]): string =>
  nodes
    .map((n) =>
      'of' in n
        ? `<${n.type}>${flat(n.of)}</>`
        : n.type === 'break'
          ? '⏎'
          : n.type === 'code'
            ? `\`${n.text}\``
            : n.text,
    )
    .join('');
const only = (text: string): Block => {
  const [block] = parse(text);
  if (!block) throw new Error('no block');
  return block;
};

test('blocks: headings, paragraphs, code, lists, quotes, tables, rules', () => {
  const text =
    '# Title\n\nTwo\nlines\n\n```js\nlet a = 1;\n\n# no heading\n```\n- one\n  - inner\n- two\n\n3. three\n4. four\n\n> said\n> so\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n---';
  expect(parse(text).map(({ type }) => type)).toEqual([
    'heading',
    'paragraph',
    'code',
    'list',
    'list',
    'quote',
    'table',
    'rule',
  ]);
  const [, , code, list, ordered, , table] = parse(text);
  expect(code).toEqual({ type: 'code', language: 'js', text: 'let a = 1;\n\n# no heading' });
  expect(list?.type === 'list' && list.items.length).toBe(2);
  expect(list?.type === 'list' && list.items[0]?.[1]?.type).toBe('list');
  expect(ordered?.type === 'list' && [ordered.ordered, ordered.start, ordered.items.length]).toEqual([true, 3, 2]);
  expect(table?.type === 'table' && table.rows[0]?.map(flat)).toEqual(['1', '2']);
});

test('inline: emphasis, code, escapes; underscores inside words stay', () => {
  expect(flat(inline('a **b *c*** `d*e*` \\*f\\* snake_case_name ~~g~~ 2 * 3 * 4'))).toBe(
    'a <strong>b *c</>* `d*e*` *f* snake_case_name <del>g</> 2 * 3 * 4',
  );
  expect(flat(inline('an *open star and `an open tick'))).toBe('an *open star and `an open tick');
  expect(flat(inline('one  \ntwo'))).toBe('one⏎two');
});

test('links: http and https only, shown with their host; everything else is text', () => {
  const [link] = inline('[see](https://example.org/a?b=c "t")');
  expect(link).toMatchObject({ type: 'link', url: 'https://example.org/a?b=c', host: 'example.org' });
  const others = [
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](vbscript:x)',
    '[x](//evil.example)',
    '[x](/local)',
    '[x][ref]\n\n[ref]: https://evil.example',
    '<https://evil.example>',
    'https://evil.example',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<style>@import url(https://evil.example)</style>',
  ];
  for (const text of others) {
    const found = parse(text).flatMap((b) => ('of' in b ? (b.of as Inline[]) : []));
    expect(found.every((n) => n.type === 'text' || n.type === 'em')).toBe(true);
  }
  // A picture is a link with a mark before it: nothing is fetched.
  expect(inline('![a](https://evil.example/p.png?q=secret)')[0]).toEqual({ type: 'text', text: '!' });
});

test('every beginning of a text parses, and what is written so far is shown', () => {
  const text = '# H\n- a **b** [c](https://d.example)\n\n```\ncode\n```\n| a |\n|---|\n| b |\n> q';
  for (let i = 0; i <= text.length; i++) expect(() => parse(text.slice(0, i))).not.toThrow();
  expect(only('```py\nprint(').type).toBe('code');
});

test('hostile input takes a time that grows with its length, not its square', () => {
  const began = performance.now();
  for (const text of ['*', '`', '[', '](', '> ', '- ', '_a', '**a ', '|', '[a](b', '\\']) parse(text.repeat(100_000));
  parse('x'.repeat(1_000_000));
  parse(`${'> '.repeat(100_000)}x`);
  parse('- a\n'.repeat(50_000));
  expect(performance.now() - began).toBeLessThan(4000);
});

test('the clipboard gets no hidden characters', () => {
  expect(clean('a\u{E0041}b\u202Ec\u2066d')).toBe('abcd');
});
