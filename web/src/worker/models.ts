import type { ModelArgs, ModelEvent, TextChoice } from '../internal/protocol.js';
import { estimate } from '../store/estimate.js';
import { Feed } from '../store/feed.js';
import { list, obtain, pieces, type ReadHeader, remove } from '../store/store.js';
import type { Progress } from '../types.js';
import { bootHeaderReader } from './boot.js';

// The store's side of the worker. Of the engine only the header reader is used, in a build with one thread.

let reader: Promise<Awaited<ReturnType<typeof bootHeaderReader>>> | undefined;

function headerReader(args: ModelArgs, signal: AbortSignal): ReadHeader {
  return async (head, bytes, choice) => {
    reader ??= bootHeaderReader(args.engines, signal).catch((error: unknown) => {
      reader = undefined;
      throw error;
    });
    return (await reader)(head, bytes ?? -1, choice);
  };
}

export async function* getModel(
  args: ModelArgs & { feed?: MessagePort },
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  const read = headerReader(args, signal);
  const feed = args.feed && new Feed(args.feed, signal);
  yield* told(async (report) => {
    try {
      const { model, parts } = await obtain(args, read, signal, report, feed);
      return { type: 'got', model, parts };
    } finally {
      feed?.close();
    }
  }, signal);
}

export async function* estimateModel(
  args: ModelArgs & { choice: TextChoice; device?: 'cpu' | 'gpu' },
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  yield { type: 'estimate', estimate: await estimate(args, headerReader(args, signal), signal) };
}

export async function* listModels(): AsyncGenerator<ModelEvent, void> {
  yield { type: 'list', models: await list() };
}

export async function* modelPieces(key: string): AsyncGenerator<ModelEvent, void> {
  yield { type: 'pieces', pieces: await pieces(key) };
}

export async function* deleteModel(key: string): AsyncGenerator<ModelEvent, void> {
  await remove(key);
  yield { type: 'done' };
}

/** The progress of `work` and then its result. Work goes on while nobody reads; of the reports only the newest waits. */
async function* told(
  work: (report: (progress: Progress) => void) => Promise<ModelEvent>,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  let newest: Progress | undefined;
  let wake = (): void => undefined;
  let over = false;
  const working = work((progress) => {
    newest = progress;
    wake();
  }).finally(() => {
    over = true;
    wake();
  });
  working.catch(() => undefined);
  while (!signal.aborted) {
    if (newest) {
      const progress = newest;
      newest = undefined;
      yield { type: 'progress', progress };
    } else if (over) {
      yield await working;
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}
