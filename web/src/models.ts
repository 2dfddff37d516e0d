import { KinoraError } from './errors.js';
import type { Client } from './internal/client.js';
import type { LoadArgs, ModelArgs, ModelEvent, TextChoice } from './internal/protocol.js';
import type { StoreClient } from './internal/store-client.js';
import { modelName, partFiles, partUrls } from './store/names.js';
import { refuseOther } from './store/sniff.js';
import type { DeviceInfo, KvCache, ModelAdapter, ModelEstimate, Progress, StoredModel } from './types.js';

/**
 * A GGUF model: its address, a file that the user gave, all parts of a split one (one part's address is enough), or an entry of
 * `kinora.models.list()`.
 */
export type ModelSource = string | URL | File | readonly File[] | Stored;
/** What identifies something in the store. */
type Stored = Pick<StoredModel, 'name' | 'key' | 'urls'>;

export interface ModelOptions {
  /** What `model:` of a request will say; where left out, the file's name without its ending. */
  name?: string;
  /** `auto`: on the disk where the browser gives any, else in memory. Files that the user gave are read where they lie. */
  storage?: 'auto' | 'opfs' | 'memory';
  /** Whether a file that the user gave is copied to this page's storage, to be there at the next visit. */
  keep?: boolean;
  /** Tokens that a conversation and its answer may take together: fewer take less memory. */
  contextTokens?: number;
  /** How keys and values of conversations are kept; where left out, exactly in short contexts and as f16 in long ones. */
  kvCache?: KvCache;
  /** Low-rank adapters of it, which requests then switch on by name. */
  adapters?: readonly AdapterSource[];
  /** SHA-256 of each 8 MiB piece of each part, as `kinora.models.pieces` gives them: bytes that differ are refused. */
  pieces?: string[][];
  /** Milliseconds without bytes after which a connection is given up and tried again; default 20,000. */
  timeoutMs?: number;
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

/** A low-rank adapter in llama.cpp's GGUF layout. */
export interface AdapterSource {
  source: string | URL | File | ModelAdapter;
  /** What `kinora.adapters` of a request says; where left out, the file's name without its ending. */
  name?: string;
  /** How strong it is where a request does not say; default 1. */
  scale?: number;
}

/** The origin's storage, as far as the browser tells. */
export interface StorageInfo {
  /** Bytes that this origin may use, and uses. */
  quota: number;
  usage: number;
  /** Whether the browser promised to keep it. */
  persisted: boolean;
}

/** The embedded text model, as requests call it. */
export const EMBEDDED = 'kinora-text';
const TIMEOUT_MS = 20_000;
const CONTEXT_TOKENS = 4096;

/** The store's request for a source. */
export function modelArgs(source: ModelSource, options: ModelOptions, engines: LoadArgs['engines']): ModelArgs {
  const common = {
    storage: options.storage ?? 'auto',
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    engines,
    ...(options.pieces ? { pieces: options.pieces } : {}),
  } as const;
  if (typeof source === 'string' || source instanceof URL) {
    const urls = partUrls(address(source));
    return { ...common, name: options.name ?? modelName(urls[0] ?? ''), urls, files: [] };
  }
  if ('key' in source) {
    return { ...common, name: options.name ?? source.name, urls: [...source.urls], files: [], key: source.key };
  }
  const files = partFiles(source instanceof File ? [source] : source);
  return { ...common, name: options.name ?? modelName(files[0]?.name ?? ''), urls: [], files };
}

/** What the engine is told of how a model is to be loaded. */
function choice({ contextTokens, kvCache }: Pick<ModelOptions, 'contextTokens' | 'kvCache'>): TextChoice {
  return { ...(contextTokens === undefined ? {} : { contextTokens }), ...(kvCache === undefined ? {} : { kvCache }) };
}

function unknownModel(name: string, stage: string): KinoraError {
  return new KinoraError({
    code: 'model_not_found',
    stage,
    retryable: false,
    message: `There is no model ${name.slice(0, 200)} ${stage === 'load' ? 'in the engine' : 'on this device'}.`,
    hint: stage === 'load' ? 'Load the model first.' : 'kinora.models.list() names those that there are.',
    param: stage === 'load' ? 'model' : 'name',
  });
}

function address(source: string | URL): string {
  try {
    const url = new URL(source, globalThis.location.href);
    if (['http:', 'https:', 'blob:'].includes(url.protocol)) return url.href;
  } catch {
    // said below
  }
  throw new KinoraError({
    code: 'invalid_argument',
    stage: 'request',
    retryable: false,
    message: `${String(source).slice(0, 200)} is no address of a model.`,
    hint: 'Give an http(s) address of a .gguf file, or a File.',
    param: 'model',
  });
}

/** `kinora.models`: GGUF models beside the embedded one. */
export class Models {
  private readonly running = new Map<string, StoredModel>();
  /** Whether models lie in the memory of the store's worker. */
  private keeps = false;
  /** Adapters that are loaded, by the name of their model and their own. */
  private readonly adapters = new Map<string, Map<string, ModelAdapter>>();

  /** @internal */
  constructor(
    private readonly client: Client,
    private readonly store: StoreClient,
    private readonly engines: LoadArgs['engines'],
  ) {}

  /**
   * Brings a model here (it is downloaded once, resumed where it was cut off, and checked), and reads it into the engine: from
   * then on `model: name` of a request means it. What is downloading in another tab is waited for.
   */
  async load(source: ModelSource, options: ModelOptions = {}): Promise<StoredModel> {
    const args = modelArgs(source, options, this.engines);
    const { device } = await this.client.start();
    // A GPU may be lost, and wants the file again; a model of that name that is there stays until its successor is here.
    const streams = device.kind === 'cpu' && args.urls.length === 1 && !this.running.has(args.name);
    const model = await (streams ? this.streamed(args, options) : this.placed(args, options));
    const total = model.bytes;
    const loaded = { ...model, name: args.name };
    this.running.set(args.name, loaded);
    const adapters: ModelAdapter[] = [];
    for (const adapter of options.adapters ?? []) adapters.push(await this.addAdapter(args.name, adapter, options));
    options.onProgress?.({ phase: 'ready', file: model.name, loaded: total, total, etaMs: null, text: 'Ready' });
    return adapters.length > 0 ? { ...loaded, adapters } : loaded;
  }

  /**
   * Reads an adapter of a loaded model into the engine (`kinora-text` is the embedded one). A request then switches it on by
   * `kinora: { adapters: ['name'] }`, or by `model: 'model:name'`; one of that name makes room. Rejects with
   * `adapter_refused`, naming the tensor, where it was made for another model.
   */
  async addAdapter(
    model: string,
    { source, name, scale = 1 }: AdapterSource,
    options: Pick<ModelOptions, 'storage' | 'keep' | 'timeoutMs' | 'signal' | 'onProgress'> = {},
  ): Promise<ModelAdapter> {
    const base = this.running.get(model);
    if (!base && model !== EMBEDDED) throw unknownModel(model, 'load');
    const { storage, keep, timeoutMs, signal, onProgress } = options;
    const own: ModelOptions = {
      ...(name === undefined ? {} : { name }),
      ...(storage ? { storage } : {}),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal ? { signal } : {}),
      ...(onProgress ? { onProgress } : {}),
    };
    const args = { ...modelArgs(source, own, this.engines), adapterOf: base?.key ?? EMBEDDED };
    const brought = args.files.length > 0 && !keep ? await this.lying(args, own) : await this.get(args, own);
    await this.client.addAdapter(model, args.name, { parts: brought.parts, scale }, signal);
    const { key, bytes, have, stored, urls } = brought.model;
    const adapter: ModelAdapter = { name: args.name, key, bytes, have, stored, urls, loaded: true, scale };
    const all = this.adapters.get(model) ?? new Map<string, ModelAdapter>();
    this.adapters.set(model, all.set(args.name, adapter));
    return adapter;
  }

  /** The adapters that requests to a loaded model may ask for. */
  adaptersOf(model: string): readonly ModelAdapter[] {
    return [...(this.adapters.get(model)?.values() ?? [])];
  }

  /** Takes an adapter out of the engine and off the disk. */
  async removeAdapter(model: string, name: string): Promise<void> {
    const loaded = this.adapters.get(model)?.get(name);
    if (loaded) {
      this.adapters.get(model)?.delete(name);
      await this.client.removeAdapter(model, name);
    }
    const base = (await this.list()).find((other) => other.name === model);
    for (const { key, stored, name: stands } of base?.adapters ?? []) {
      if (stored !== 'file' && (key === loaded?.key || stands === name)) await this.drop(key);
    }
  }

  /** Downloads a model to the disk without reading it into the engine. */
  async download(source: ModelSource, options: ModelOptions = {}): Promise<StoredModel> {
    return (await this.get(modelArgs(source, options, this.engines), options)).model;
  }

  /** Every model on this device, whole or in part (`have` < `bytes`), and those that run from the user's own files. */
  async list(): Promise<StoredModel[]> {
    for await (const event of this.store.call<ModelEvent>({ op: 'model.list' })) {
      if (event.type !== 'list') continue;
      const known = new Set(event.models.map(({ key }) => key));
      const all = [...event.models, ...[...this.running.values()].filter(({ key }) => !known.has(key))];
      const keys = new Set(all.map(({ key }) => key));
      return all
        .filter(({ adapterOf }) => adapterOf === undefined || !keys.has(adapterOf))
        .map((model) => this.withAdapters(model, event.models));
    }
    return [];
  }

  /** A model of the list with what is loaded into it, and with what lies beside it on the disk. */
  private withAdapters(model: StoredModel, stored: readonly StoredModel[]): StoredModel {
    const names = [...this.running].filter(([, { key }]) => key === model.key).map(([name]) => name);
    const loaded = names.flatMap((name) => [...(this.adapters.get(name)?.values() ?? [])]);
    const there = stored.filter(({ key, adapterOf }) => adapterOf === model.key && loaded.every((l) => l.key !== key));
    const lying = there.map(({ name, key, bytes, have, stored, urls }) => {
      return { name, key, bytes, have, stored, urls, loaded: false, scale: 1 };
    });
    const adapters = [...loaded, ...lying].sort((a, b) => a.name.localeCompare(b.name));
    return adapters.length > 0 ? { ...model, adapters } : model;
  }

  /** Names of the models that requests may ask for, beside the embedded one. */
  get loaded(): readonly string[] {
    return [...this.running.keys()];
  }

  /** Takes a model out of the engine; on the disk it stays. */
  async unload(name: string): Promise<void> {
    if (!this.running.delete(name)) return;
    this.adapters.delete(name);
    await this.client.removeModel(name);
  }

  /** Takes a model out of the engine and off the disk, with its adapters. `name`: its name or its key. */
  async delete(name: string): Promise<void> {
    const models = (await this.list()).filter((model) => model.key === name || model.name === name);
    if (models.length === 0) throw unknownModel(name, 'delete');
    for (const { key: gone, stored, adapters = [] } of models) {
      for (const [running, { key }] of [...this.running]) if (key === gone) await this.unload(running);
      for (const adapter of adapters) if (adapter.stored !== 'file') await this.drop(adapter.key);
      if (stored !== 'file') await this.drop(gone);
    }
  }

  private async drop(key: string): Promise<void> {
    for await (const _ of this.store.call({ op: 'model.delete', args: { key } })) break;
  }

  /** What a model would take: bytes, memory, whether it fits. Reads no more of it than its header. */
  estimate(source: ModelSource, options: ModelOptions = {}): Promise<ModelEstimate> {
    return this.client
      .start()
      .then(({ device }) => estimated(this.store, modelArgs(source, options, this.engines), options, device.kind));
  }

  /** SHA-256 of each 8 MiB piece of each part of a model that is on the disk: with them as an option others get the same bytes. */
  async pieces(name: string): Promise<string[][]> {
    const model = (await this.list()).find((model) => model.key === name || model.name === name);
    if (model?.stored !== 'disk') return [];
    for await (const event of this.store.call<ModelEvent>({ op: 'model.pieces', args: { key: model.key } })) {
      if (event.type === 'pieces') return event.pieces;
    }
    return [];
  }

  /** How much of this device's storage is used. */
  async storage(): Promise<StorageInfo> {
    const { storage } = navigator;
    const { quota = 0, usage = 0 } = (await storage?.estimate?.().catch(() => undefined)) ?? {};
    return { quota, usage, persisted: (await storage?.persisted?.().catch(() => false)) ?? false };
  }

  /** A model that is read from the user's own files, where they lie. */
  private async lying(args: ModelArgs, options: ModelOptions): Promise<{ model: StoredModel; parts: Blob[] }> {
    const { about } = await estimated(this.store, args, options);
    refuseOther(args, about);
    const bytes = args.files.reduce((sum, { size }) => sum + size, 0);
    const { name, files: parts } = args;
    const why = 'It is read from your own file.';
    const model = { name, key: `file:${name}`, bytes, have: bytes, why, urls: [], added: Date.now(), about };
    return { model: { ...model, stored: 'file' }, parts };
  }

  /** Brings a model here whole, then reads it into the engine. */
  private async placed(args: ModelArgs, options: ModelOptions): Promise<StoredModel> {
    const { model, parts } =
      args.files.length > 0 && !options.keep ? await this.lying(args, options) : await this.get(args, options);
    preparing(model, options);
    // One of that name makes room, even where this one is refused.
    this.running.delete(args.name);
    this.adapters.delete(args.name);
    const added = { again: async () => parts, options: choice(options) };
    await this.client.addModel(args.name, parts, added, options.signal);
    return model;
  }

  /** Reads a model into the engine while it comes. */
  private async streamed(args: ModelArgs, options: ModelOptions): Promise<StoredModel> {
    const { port1: feed, port2 } = new MessageChannel();
    const refused = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, refused.signal]) : refused.signal;
    let parts: Blob[] = [];
    const again = async (): Promise<Blob[]> => (parts.length > 0 ? parts : (await this.get(args, {})).parts);
    const adding = this.client.addModel(args.name, port2, { again, options: choice(options) }, options.signal);
    // What the engine refuses need not come to its end; where the store fails, its error says more than the engine's.
    adding.catch((error: unknown) => {
      if (!(error instanceof KinoraError && error.code === 'download_stopped')) refused.abort(error);
    });
    const got = await this.get(args, { ...options, signal }, feed).catch(async (error: unknown) => {
      options.signal?.throwIfAborted();
      if (refused.signal.aborted) await adding;
      throw error;
    });
    parts = got.parts;
    preparing(got.model, options);
    await adding;
    if (!this.keeps) this.store.rest();
    return got.model;
  }

  private async get(
    args: ModelArgs,
    options: ModelOptions,
    feed?: MessagePort,
  ): Promise<{ model: StoredModel; parts: Blob[] }> {
    const { signal } = options;
    const call = { op: 'model.get', args: feed ? { ...args, feed } : args } as const;
    const transfer = feed ? [feed] : [];
    for await (const event of this.store.call<ModelEvent>(call, { window: 4, signal, transfer })) {
      if (event.type === 'progress') options.onProgress?.(event.progress);
      else if (event.type === 'got') {
        // Storage that is asked for after a success is rarely refused, and costs nothing where it is.
        this.keeps ||= event.model.stored === 'memory' && event.parts.length > 0;
        if (event.model.stored === 'disk') void navigator.storage.persist?.().catch(() => false);
        return event;
      }
    }
    signal?.throwIfAborted();
    throw new KinoraError({
      code: 'internal',
      stage: 'download',
      retryable: true,
      message: 'The download ended without its last event.',
      hint: 'Try again.',
    });
  }
}

function preparing({ name, bytes }: StoredModel, options: ModelOptions): void {
  const text = 'Preparing the model';
  options.onProgress?.({ phase: 'upload', file: name, loaded: bytes, total: bytes, etaMs: null, text });
}

/** @internal Shared with `Kinora.estimate`, which has no engine. */
export async function estimated(
  store: StoreClient,
  args: ModelArgs,
  options: Pick<ModelOptions, 'signal' | 'contextTokens' | 'kvCache'>,
  device?: DeviceInfo['kind'],
): Promise<ModelEstimate> {
  const call = {
    op: 'model.estimate',
    args: {
      ...args,
      choice: { contextTokens: CONTEXT_TOKENS, ...choice(options) },
      ...(device && device !== 'remote' ? { device } : {}),
    },
  } as const;
  for await (const event of store.call<ModelEvent>(call, { signal: options.signal })) {
    if (event.type === 'estimate') return event.estimate;
  }
  options.signal?.throwIfAborted();
  throw new TypeError('no estimate came');
}
