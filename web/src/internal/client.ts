import { errorShape, KinoraError } from '../errors.js';
import type { DeviceInfo, Progress } from '../types.js';
import type { Link } from './link.js';
import type { Call, LoadArgs, LoadEvent, TextChoice } from './protocol.js';
import { startWorker } from './start.js';
import { stream } from './stream.js';

interface Running {
  link: Link;
  device: DeviceInfo;
}

interface AddedModel {
  /** How its files are had again. */
  again(): Promise<Blob[]>;
  options: TextChoice;
}
interface AddedAdapter {
  parts: Blob[];
  scale: number;
}

/** Keeps one worker with a loaded engine; a dead one is replaced at the next call. */
export class Client {
  private running: Promise<Running> | undefined;
  private disposed = false;
  /** The models that were added, and adapters of these and of the embedded one: a new worker reads them again. */
  private readonly added = new Map<string, AddedModel>();
  private readonly adapters = new Map<string, Map<string, AddedAdapter>>();

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

  /**
   * Reads a model into the engine, and into each that takes its place: for those `again` gives its files. One of that name
   * goes with its adapters.
   */
  async addModel(name: string, source: Blob[] | MessagePort, model: AddedModel, signal?: AbortSignal): Promise<void> {
    // Of the one before nothing is left, whatever comes of this one.
    this.added.delete(name);
    this.adapters.delete(name);
    const transfer = Array.isArray(source) ? [] : [source];
    const call = { op: 'model.add', args: { name, source, options: model.options } } as const;
    for await (const _ of this.call(call, { signal, transfer })) break;
    signal?.throwIfAborted();
    this.added.set(name, model);
  }

  /** Takes a model out of the engine, with its adapters. */
  async removeModel(name: string): Promise<void> {
    this.adapters.delete(name);
    if (!this.added.delete(name) || !this.running) return;
    for await (const _ of this.call({ op: 'model.remove', args: { name } })) break;
  }

  /** Reads an adapter of a model into the engine, and into each that takes its place. */
  async addAdapter(model: string, name: string, adapter: AddedAdapter, signal?: AbortSignal): Promise<void> {
    for await (const _ of this.call({ op: 'adapter.add', args: { model, name, ...adapter } }, { signal })) break;
    signal?.throwIfAborted();
    const all = this.adapters.get(model) ?? new Map<string, AddedAdapter>();
    this.adapters.set(model, all.set(name, adapter));
  }

  /** Takes an adapter out of the engine. */
  async removeAdapter(model: string, name: string): Promise<void> {
    if (!this.adapters.get(model)?.delete(name) || !this.running) return;
    for await (const _ of this.call({ op: 'adapter.remove', args: { model, name } })) break;
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

  /** What brings a new engine to where the one before was. */
  private async *again(): AsyncGenerator<Call, void> {
    for (const [name, { again, options }] of this.added) {
      yield { op: 'model.add', args: { name, source: await again(), options } };
    }
    for (const [model, all] of this.adapters) {
      for (const [name, adapter] of all) yield { op: 'adapter.add', args: { model, name, ...adapter } };
    }
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
          for await (const call of this.again()) for await (const _ of stream(link.open(call, 1), signal)) break;
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
