import { expect, test } from 'vitest';
import { sseData } from './sse.js';

/** A stream of `text`, cut into pieces of `size` bytes; counts what was read and whether it was canceled. */
function source(
  text: string,
  size: number,
): { body: ReadableStream<Uint8Array>; reads: () => number; canceled: () => boolean } {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  let reads = 0;
  let canceled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        reads += 1;
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
      },
      cancel() {
        canceled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, reads: () => reads, canceled: () => canceled };
}

test('events come whole, however the bytes are cut', async () => {
  const text = 'data: {"a":"ü🤖"}\n\nevent: x\r\ndata:two\r\n\r\n: a comment\n\ndata: l1\ndata: l2\n\ndata: [DONE]\n\n';
  for (let size = 1; size <= text.length; size++) {
    const got: string[] = [];
    for await (const data of sseData(source(text, size).body)) got.push(data);
    expect(got, `pieces of ${size}`).toEqual(['{"a":"ü🤖"}', 'two', 'l1\nl2', '[DONE]']);
  }
});

test('a break cancels the stream, and nothing was read ahead', async () => {
  const one = 'data: 1\n\n';
  const { body, reads, canceled } = source(one.repeat(10), one.length);
  let n = 0;
  for await (const _ of sseData(body)) {
    n += 1;
    if (n === 3) break;
  }
  expect(reads()).toBe(3);
  expect(canceled()).toBe(true);
});
