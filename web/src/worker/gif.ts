import gif from 'kinora:glue/gif';
import { KinoraError } from '../errors.js';
import type { GifArgs, GifEvent } from '../internal/protocol.js';
import { moduleLoader } from './module.js';

export type GifMaker = (args: GifArgs, signal: AbortSignal) => AsyncGenerator<GifEvent, void>;

/** What writes GIFs, by the module at `url`. */
export function gifMaker(url: string): GifMaker {
  const ready = moduleLoader(url, async (module) => {
    await gif({ module_or_path: module });
  });
  return async function* make(args, signal) {
    await ready();
    const writer = told(() => new gif.GifWriter(args.width, args.height, args.fps));
    try {
      for (const [i, frame] of args.frames.entries()) {
        if (signal.aborted) return;
        told(() => writer.push(frame));
        yield { type: 'step', step: i + 1, of: args.frames.length };
      }
      yield { type: 'gif', bytes: told(() => writer.finish()) };
    } finally {
      writer.free();
    }
  };
}

/** What `work` gives; the module tells in words what cannot be. */
function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (typeof error !== 'string') throw error;
    const hint = 'Choose another size or rate of frames.';
    throw new KinoraError({ code: 'invalid_argument', stage: 'export', retryable: false, message: error, hint });
  }
}
