import { KinoraError } from '../errors.js';
import type { Job } from './link.js';

/** The events of a job. `break`, `return`, `throw` and the signal all end the job itself. */
export async function* stream<T>(job: Job, signal?: AbortSignal): AsyncGenerator<T, void> {
  const abort = (): void => job.abort();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    for (;;) {
      const reply = await job.next();
      signal?.throwIfAborted();
      if (reply.type === 'end' || reply.type === 'aborted') return;
      if (reply.type === 'error') throw new KinoraError(reply.error);
      yield reply.event as T;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    abort();
  }
}
