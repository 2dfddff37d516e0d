import type { Link } from './link.js';
import type { Call } from './protocol.js';
import { startWorker } from './start.js';
import { stream } from './stream.js';

/** Keeps the store's worker: the engine's script once more, with no engine in it. Started at the first call. */
export class StoreClient {
  private starting: Promise<Link> | undefined;
  /** Calls that are open. */
  private open = 0;

  constructor(private readonly workerUrl: string) {}

  /** The events of one call. */
  async *call<T>(
    call: Call,
    options: { window?: number; signal?: AbortSignal | undefined; transfer?: Transferable[] } = {},
  ): AsyncGenerator<T, void> {
    const { signal, window = 1, transfer = [] } = options;
    signal?.throwIfAborted();
    this.open += 1;
    try {
      const link = await this.link();
      signal?.throwIfAborted();
      yield* stream<T>(link.open(call, window, transfer), signal);
    } finally {
      this.open -= 1;
    }
  }

  /** Ends the worker where it has nothing to do: the memory in which it read headers goes with it. The next call starts it again. */
  rest(): void {
    if (this.open === 0) this.dispose();
  }

  private link(): Promise<Link> {
    this.starting ??= startWorker(this.workerUrl, () => {
      this.starting = undefined;
    }).catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    return this.starting;
  }

  /** Ends the worker. A download stops, and goes on at the next load. */
  dispose(): void {
    this.starting?.then(
      (link) => link.kill('Kinora was disposed.'),
      () => undefined,
    );
    this.starting = undefined;
  }
}
