import { errorShape, KinoraError } from '../errors.js';
import type { DeviceInfo, Progress } from '../types.js';
import type { Link } from './link.js';
import type { Call, LoadArgs, LoadEvent } from './protocol.js';
import { startWorker } from './start.js';
import { stream } from './stream.js';

interface Running {
  link: Link;
  device: DeviceInfo;
}

/** Keeps one worker with a loaded engine; a dead one is replaced at the next call. */
export class Client {
  private running: Promise<Running> | undefined;
  private disposed = false;
  /** How the files of the models that were added are had again, for a new worker. */
  private readonly added = new Map<string, () => Promise<Blob[]>>();

  constructor(
    private readonly workerUrl: string,
    private readonly load: LoadArgs,
  ) {}

  /** Starts worker and engine where they do not run yet. */
  async start(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<Running> {
    if (this.disposed) {
      throw new KinoraError({
        code: 'disposed',
        stage: 'load',
        retryable: false,
        message: 'This Kinora was disposed.',
        hint: 'Call Kinora.load() for a new one.',
      });
    }
    this.running ??= this.boot(onProgress, signal).catch((error: unknown) => {
      this.running = undefined;
      throw error;
    });
    return this.running;
  }

  /** The events of one call. */
  async *call<T>(
    call: Call,
    options: { window?: number; signal?: AbortSignal | undefined; transfer?: Transferable[] } = {},
  ): AsyncGenerator<T, void> {
    const { signal, window = 1, transfer = [] } = options;
    signal?.throwIfAborted();
    const { link } = await this.start();
    signal?.throwIfAborted();
    yield* stream<T>(link.open(call, window, transfer), signal);
  }

  /** Reads a model into the engine, and into each that takes its place: for those `again` gives its files. */
  async addModel(
    name: string,
    source: Blob[] | MessagePort,
    again: () => Promise<Blob[]>,
    signal?: AbortSignal,
  ): Promise<void> {
    const transfer = Array.isArray(source) ? [] : [source];
    for await (const _ of this.call({ op: 'model.add', args: { name, source } }, { signal, transfer })) break;
    signal?.throwIfAborted();
    this.added.set(name, again);
  }

  /** Takes a model out of the engine. */
  async removeModel(name: string): Promise<void> {
    if (!this.added.delete(name) || !this.running) return;
    for await (const _ of this.call({ op: 'model.remove', args: { name } })) break;
  }

  /** Ends the worker; open calls reject with `engine_stopped`. */
  dispose(): void {
    this.disposed = true;
    this.running?.then(
      ({ link }) => link.kill('Kinora was disposed.'),
      () => undefined,
    );
    this.running = undefined;
  }

  private async boot(onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<Running> {
    signal?.throwIfAborted();
    const link = await startWorker(this.workerUrl, () => {
      this.running = undefined;
    });
    try {
      for await (const event of stream<LoadEvent>(link.open({ op: 'load', args: this.load }, 4), signal)) {
        if (event.type === 'progress') onProgress?.(event.progress);
        else {
          for (const [name, again] of this.added) {
            const args = { name, source: await again() };
            for await (const _ of stream(link.open({ op: 'model.add', args }, 1), signal)) break;
          }
          return { link, device: event.device };
        }
      }
      throw new KinoraError(errorShape(new Error('the engine ended while it was loading'), 'load'));
    } catch (error) {
      link.kill('The engine did not load.');
      throw error;
    }
  }
}
