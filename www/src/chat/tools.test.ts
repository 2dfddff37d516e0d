import { expect, test } from 'vitest';
import { calculate } from './calculator.js';
import { checkArguments, TOOLS } from './tools.js';

test('arithmetic with its precedences', () => {
  const cases: [string, number][] = [
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['2 ^ 3 ^ 2', 512],
    ['-2 ^ 2', -4],
    ['7 % 4 / 2', 1.5],
    ['1e3 − .5', 999.5],
  ];
  for (const [expression, value] of cases) expect(calculate(expression)).toBe(value);
});

test('what is no arithmetic is refused in words, never run', () => {
  for (const text of ['', '1 +', '(1', '1 2', 'alert(1)', 'globalThis', '1;2', '('.repeat(500), '9'.repeat(2000)]) {
    expect(() => calculate(text)).toThrow(Error);
  }
});

test('arguments are checked against the tool', () => {
  const [calculator] = TOOLS;
  if (!calculator) throw new Error('no tools');
  expect(checkArguments(calculator, '{"expression":"1+1"}')).toEqual({ expression: '1+1' });
  for (const bad of ['', '[]', 'null', '{}', '{"expression":1}', '{"expression":"1","x":"2"}', '{"__proto__":"x"}']) {
    expect(() => checkArguments(calculator, bad)).toThrow();
  }
});

test('only tools that change nothing run unasked', () => {
  expect(TOOLS.filter(({ pure }) => pure).map(({ name }) => name)).toEqual(['calculator', 'clock']);
});
