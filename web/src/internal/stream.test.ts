import { expect, test } from 'vitest';
import type { KinoraError } from '../errors.js';
import { Job, stopped } from './link.js';
import type { ToWorker } from './protocol.js';
import { stream } from './stream.js';

/** A worker that answers each credit with the next number, up to `last`, and counts what it computed. */
function counter(last: number, window: number): { job: Job; computed: () => number; sent: ToWorker[] } {
  const sent: ToWorker[] = [];
  let n = 0;
  const job: Job = new Job(
    (message) => {
      sent.push(message);
      if (message.type !== 'next') return;
      for (let i = 0; i < message.credits; i++) {
        n += 1;
        const at = n;
        queueMicrotask(() => job.receive(at > last ? { type: 'end', id: 1 } : { type: 'event', id: 1, event: at }));
      }
    },
    1,
    window,
    () => undefined,
  );
  return { job, computed: () => n, sent };
}

test('a break after three events means that three were computed', async () => {
  const { job, computed, sent } = counter(100, 1);
  const seen: number[] = [];
  for await (const n of stream<number>(job)) {
    seen.push(n);
    if (n === 3) break;
  }
  expect(seen).toEqual([1, 2, 3]);
  expect(computed()).toBe(3);
  expect(sent.at(-1)).toEqual({ type: 'abort', id: 1 });
});

test('a window computes no more than so many events ahead', async () => {
  const { job, computed } = counter(100, 4);
  for await (const n of stream<number>(job)) {
    expect(computed()).toBeLessThanOrEqual(n + 4);
    if (n === 20) break;
  }
});

test('a stream that ends gives all its events in order and sends no abort', async () => {
  const { job, sent } = counter(5, 2);
  const seen = await Array.fromAsync?.(stream<number>(job));
  if (seen) expect(seen).toEqual([1, 2, 3, 4, 5]);
  else for await (const n of stream<number>(job)) expect(n).toBeLessThan(6);
  expect(sent.some(({ type }) => type === 'abort')).toBe(false);
});

test('the signal ends a stream that waits, with its reason', async () => {
  const job = new Job(
    () => undefined,
    1,
    1,
    () => undefined,
  );
  const abort = new AbortController();
  const next = stream(job, abort.signal).next();
  abort.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});

test('a worker that dies rejects what waits, as engine_stopped', async () => {
  const job = new Job(
    () => undefined,
    1,
    1,
    () => undefined,
  );
  const next = stream(job).next();
  job.finish({ type: 'error', error: stopped('The engine stopped: a test.') });
  await expect(next).rejects.toMatchObject({ code: 'engine_stopped', retryable: true } satisfies Partial<KinoraError>);
});
