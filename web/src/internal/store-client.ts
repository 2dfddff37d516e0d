import type { Link } from './link.js';
import type { Call } from './protocol.js';
import { startWorker } from './start.js';
import { stream } from './stream.js';

/** Keeps the store's worker: the engine's script once more, with no engine in it. Started at the first call. */
export class StoreClient {
  private starting: Promise<Link> | undefined;

  constructor(private readonly workerUrl: string) {}

  /** The events of one call. */
  async *call<T>(
    call: Call,
    options: { window?: number; signal?: AbortSignal | undefined; transfer?: Transferable[] } = {},
  ): AsyncGenerator<T, void> {
    const { signal, window = 1, transfer = [] } = options;
    signal?.throwIfAborted();
    this.starting ??= startWorker(this.workerUrl, () => {
      this.starting = undefined;
    }).catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    const link = await this.starting;
    signal?.throwIfAborted();
    yield* stream<T>(link.open(call, window, transfer), signal);
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
