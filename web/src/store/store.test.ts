import { expect, test } from 'vitest';
import { CHUNK, chunkBytes, chunkCount, hex } from './chunks.js';
import { readJournal, record } from './journal.js';
import { modelName, partFiles, partUrls } from './names.js';
import { refuseImpostor } from './sniff.js';

test('pieces cover a file, and the last one is what remains', () => {
  for (const bytes of [1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * 2 ** 30]) {
    const count = chunkCount(bytes);
    expect((count - 1) * CHUNK + chunkBytes(bytes, count - 1)).toBe(bytes);
    expect(chunkBytes(bytes, count)).toBe(0);
  }
});

test('a journal is read up to where a crash cut it off, and the last record of a piece counts', () => {
  const hash = (byte: number): string => hex(new Uint8Array(32).fill(byte));
  const records = [record(0, 0, hash(1)), record(1, 2, hash(2)), record(0, 0, hash(3)), record(0, 9, hash(4))];
  const bytes = new Uint8Array(4 * 40 + 39);
  records.forEach((r, i) => {
    bytes.set(r, 40 * i);
  });
  expect(readJournal(bytes, [3, 3])).toEqual([[hash(3)], [undefined, undefined, hash(2)]]);
  for (let cut = 0; cut < bytes.length; cut++) expect(() => readJournal(bytes.subarray(0, cut), [3, 3])).not.toThrow();
  expect(readJournal(bytes.subarray(0, 79), [3, 3])).toEqual([[hash(1)], []]);
});

test('a model is called by its file, and the address of one part names all', () => {
  expect(modelName('https://example.org/a/SmolLM2%20Q8_0.gguf?download=true#x')).toBe('SmolLM2 Q8_0');
  expect(modelName('https://example.org/%E0%A4%A.gguf')).toBe('%E0%A4%A');
  expect(modelName('https://example.org/')).toBe('model');
  expect(partUrls('https://example.org/m-00002-of-00003.gguf?t=1#f')).toEqual(
    [1, 2, 3].map((i) => `https://example.org/m-0000${i}-of-00003.gguf?t=1`),
  );
  expect(partUrls('https://example.org/m-00001-of-00001.gguf')).toHaveLength(1);
  expect(() => partUrls('https://example.org/m-00001-of-99999.gguf')).toThrow('99999 parts');
});

test('files are put in the order of their parts; a missing or foreign one is named', () => {
  const part = (i: number, name = 'm'): { name: string } => ({ name: `${name}-0000${i}-of-00003.gguf` });
  expect(partFiles([part(3), part(1), part(2)])).toEqual([part(1), part(2), part(3)]);
  expect(() => partFiles([part(1), part(3)])).toThrow('there is no 2');
  expect(() => partFiles([part(1), part(2), part(3, 'n')])).toThrow('not parts of one model');
  expect(() => partFiles([])).toThrow('no file');
  expect(partFiles([{ name: 'x.gguf' }])).toHaveLength(1);
});

test('what is no GGUF file is recognised by its first bytes', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  expect(() => refuseImpostor('x', bytes('GGUF\x03'))).not.toThrow();
  for (const [text, words] of [
    ['', 'empty'],
    ['  <!DOCTYPE html>', 'a web page'],
    ['{"error":1}', 'JSON'],
    ['version https://git-lfs.github.com/spec/v1', 'Git LFS'],
    ['PK\x03\x04', 'zip'],
    ['\x40\0\0\0\0\0\0\0{"a":', 'safetensors'],
    ['anything else', 'no GGUF'],
  ] as const) {
    expect(() => refuseImpostor('x', bytes(text))).toThrow(words);
  }
});
