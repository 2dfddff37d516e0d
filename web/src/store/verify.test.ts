import { expect, test } from 'vitest';
import { sha256 } from './chunks.js';
import type { Folder } from './disk.js';
import { verified } from './verify.js';

const SIZE = 4099;

/** A folder whose only part has these bytes. */
const holding = (bytes: Uint8Array<ArrayBuffer>): Folder =>
  ({
    reader: async () => ({
      read: async (into: Uint8Array) => {
        into.set(bytes);
        return bytes.length;
      },
      close: () => undefined,
    }),
  }) as unknown as Folder;

/** Numbers below `n`, the same each time (xorshift32). */
function numbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

test('none of 1,000 flipped bits passes, and the sound file does', async () => {
  const next = numbers(0x9e3779b9);
  const bytes = Uint8Array.from({ length: SIZE }, () => next(256));
  const wanted = [[await sha256(bytes)]];
  const { signal } = new AbortController();
  const check = () => verified(holding(bytes), [SIZE], wanted, signal, () => undefined);
  expect(await check()).toEqual(wanted);
  let missed = 0;
  for (let i = 0; i < 1000; i++) {
    const [at, bit] = [next(SIZE), 1 << next(8)];
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    if ((await check())[0]?.[0] !== undefined) missed += 1;
    bytes[at] = (bytes[at] ?? 0) ^ bit;
  }
  expect(missed).toBe(0);
  expect(await check()).toEqual(wanted);
});
