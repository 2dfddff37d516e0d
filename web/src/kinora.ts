import { withCatalog } from './catalog.js';
import { ChatCompletions } from './chat.js';
import { Completions } from './completions.js';
import { Embeddings } from './embeddings.js';
import { engineFetch } from './fetch.js';
import { Films } from './films.js';
import { Api } from './internal/api.js';
import { resolveAssets } from './internal/assets.js';
import { Client } from './internal/client.js';
import { hasRelaxedSimd, hasSimd, hasThreads } from './internal/probe.js';
import type { InspectEvent, LoadArgs, MemoryEvent, SelfTestEvent } from './internal/protocol.js';
import { StoreClient } from './internal/store-client.js';
import { estimated, type ModelOptions, type ModelSource, Models, modelArgs } from './models.js';
import { type RemoteOptions, remoteFetch } from './remote.js';
import { Responses } from './responses.js';
import { Sessions } from './sessions.js';
import type { DeviceInfo, MemoryInfo, ModelEstimate, Progress, SelfTestReport } from './types.js';

export interface LoadOptions {
  /** The folder that holds the files of kinora's `dist`; where left out, the bundler's addresses are used. */
  assets?: string | URL;
  /** A GGUF model to load beside the embedded ones; its name is that of its file. `kinora.models.load` takes more options. */
  model?: ModelSource;
  /**
   * Takes chats, completions, responses, embeddings and sessions to a server that speaks the OpenAI API, instead of the
   * engine of this page. `device` says so. Films are made here all the same; the engine starts with the first.
   */
  remote?: RemoteOptions;
  /** `false` leaves the models for films out: less to read and to keep in memory where only text is wanted. */
  video?: false;
  /** `auto` takes the GPU where it is a real one, else the CPU. */
  device?: 'auto' | 'gpu' | 'cpu';
  /** Threads of the CPU device; where left out, one a core and 8 at most. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

/** What this browser offers, before anything is downloaded. */
export interface Support {
  /** Whether Kinora runs here at all. */
  ok: boolean;
  /** Why not, or what is missing for full speed; empty when all is there. */
  why: string;
  simd: boolean;
  relaxedSimd: boolean;
  threads: boolean;
  webgpu: boolean;
  /** WebCodecs, which MP4 and WebM export need. GIF always works. */
  videoExport: boolean;
}

/** The engine in its worker, with the embedded models. */
export class Kinora {
  readonly films: Films;
  readonly chat: { readonly completions: ChatCompletions };
  readonly completions: Completions;
  readonly responses: Responses;
  readonly embeddings: Embeddings;
  readonly sessions: Sessions;
  readonly models: Models;
  /** The OpenAI API as a `fetch`, for programs written for it: `new OpenAI({ fetch: kinora.fetch, … })`. */
  readonly fetch: typeof globalThis.fetch;

  private constructor(
    private readonly client: Client,
    private readonly store: StoreClient,
    engines: LoadArgs['engines'],
    private runs: DeviceInfo,
    fetch: typeof globalThis.fetch,
  ) {
    this.models = new Models(client, store, engines);
    // A server's models are its own to list
    this.fetch = runs.kind === 'remote' ? fetch : withCatalog(fetch, this.models);
    const api = new Api(this.fetch);
    this.films = new Films(client);
    this.chat = { completions: new ChatCompletions(api) };
    this.completions = new Completions(api);
    this.responses = new Responses(api);
    this.embeddings = new Embeddings(api);
    this.sessions = new Sessions(api);
  }

  /** Starts the engine and loads the models. Reads nothing but the package's own files and, where one is given, `model`. */
  static async load(options: LoadOptions = {}): Promise<Kinora> {
    options.signal?.throwIfAborted();
    const { worker, engines, grammar, gif, models } = resolveAssets(options.assets);
    const client = new Client(worker, {
      engines,
      grammar,
      gif,
      models: options.video === false ? models.filter(({ name }) => name === 'text') : models,
      device: options.device ?? 'auto',
      threads: options.threads ?? 0,
    });
    if (options.remote) {
      const { address, fetch } = remoteFetch(options.remote);
      const why = 'A server was named in Kinora.load({ remote }): what is asked leaves this machine.';
      const device: DeviceInfo = { kind: 'remote', name: address, threads: 0, build: null, why };
      return new Kinora(client, new StoreClient(worker), engines, device, fetch);
    }
    const { device } = await client.start((progress) => options.onProgress?.(progress), options.signal);
    const kinora = new Kinora(client, new StoreClient(worker), engines, device, engineFetch(client));
    if (options.model === undefined) return kinora;
    const { signal, onProgress } = options;
    try {
      await kinora.models.load(options.model, { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) });
      return kinora;
    } catch (error) {
      kinora.dispose();
      throw error;
    }
  }

  /** What a model would take, before anything of it but its header is read: bytes, memory, whether it fits here. */
  static async estimate(
    model: ModelSource,
    options: Pick<LoadOptions, 'assets'> & ModelOptions = {},
  ): Promise<ModelEstimate> {
    const { worker, engines } = resolveAssets(options.assets);
    const store = new StoreClient(worker);
    try {
      return await estimated(store, modelArgs(model, options, engines), options);
    } finally {
      store.dispose();
    }
  }

  /** What this browser can do; asks nothing of the network. */
  static support(): Support {
    const support = {
      simd: hasSimd(),
      relaxedSimd: hasRelaxedSimd(),
      threads: hasThreads(),
      webgpu: 'gpu' in navigator,
      videoExport: typeof VideoEncoder === 'function',
    };
    const ok = support.simd && typeof Worker === 'function';
    let why = '';
    if (!ok) why = 'This browser has no WebAssembly SIMD. Any browser from 2023 or later has.';
    else if (!support.threads) {
      why =
        'One thread: the page is not cross-origin isolated. The headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp make it several times faster.';
    }
    return { ok, why, ...support };
  }

  /** What a model file (GGUF, safetensors, tokenizer.json or a .jinja template) holds. Rejects with the reason where it is refused. */
  async inspect(file: Blob, options: { signal?: AbortSignal } = {}): Promise<unknown> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const name = file instanceof File ? file.name : '';
    for await (const event of this.client.call<InspectEvent>({ op: 'inspect', args: { name, bytes } }, options)) {
      return event.model;
    }
    return undefined;
  }

  /**
   * Runs every kernel on the user's own GPU (on the CPU where there is none, or with `device: 'cpu'`) against the CPU's exact
   * form and says what differs: a few seconds. `set: null` in the answer means that the GPU computes wrongly: load with
   * `device: 'cpu'` there.
   */
  async selftest(options: { device?: 'cpu' | 'gpu'; signal?: AbortSignal } = {}): Promise<SelfTestReport> {
    const args = { cpu: options.device === 'cpu' };
    for await (const event of this.client.call<SelfTestEvent>({ op: 'selftest', args }, options)) return event.report;
    return { device: 'cpu', description: '', set: null, kernels: [] };
  }

  /** The device that runs the models, and why; where a graphics adapter was lost, `memory()` finds out which it is then. */
  get device(): DeviceInfo {
    return this.runs;
  }

  /** What the engine holds in memory now. */
  async memory(): Promise<MemoryInfo> {
    for await (const event of this.client.call<MemoryEvent>({ op: 'memory' })) {
      if (this.runs.kind !== 'remote') this.runs = event.device;
      return event.memory;
    }
    return { wasm: 0, weights: 0 };
  }

  /** Ends the worker and frees its memory. Open calls reject with `engine_stopped`. */
  dispose(): void {
    this.client.dispose();
    this.store.dispose();
  }
}
