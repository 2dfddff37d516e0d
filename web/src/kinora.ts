import { ChatCompletions } from './chat.js';
import { Films } from './films.js';
import { resolveAssets } from './internal/assets.js';
import { Client } from './internal/client.js';
import { hasRelaxedSimd, hasSimd, hasThreads } from './internal/probe.js';
import type { InspectEvent } from './internal/protocol.js';
import type { DeviceInfo, Progress } from './types.js';

export interface LoadOptions {
  /** The folder that holds the files of kinora's `dist`; where left out, the bundler's addresses are used. */
  assets?: string | URL;
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

  private constructor(
    private readonly client: Client,
    /** The device that runs the models, and why. */
    readonly device: DeviceInfo,
  ) {
    this.films = new Films(client);
    this.chat = { completions: new ChatCompletions(client) };
  }

  /** Starts the engine and loads the models. Reads nothing but the package's own files. */
  static async load(options: LoadOptions = {}): Promise<Kinora> {
    options.signal?.throwIfAborted();
    const { worker, engines, models } = resolveAssets(options.assets);
    const client = new Client(worker, {
      engines,
      models,
      device: options.device ?? 'auto',
      threads: options.threads ?? 0,
    });
    const { device } = await client.start((progress) => options.onProgress?.(progress), options.signal);
    return new Kinora(client, device);
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

  /** What a model file (GGUF or safetensors) holds. Rejects with the reason where it is refused. */
  async inspect(file: Blob, options: { signal?: AbortSignal } = {}): Promise<unknown> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    for await (const event of this.client.call<InspectEvent>({ op: 'inspect', args: { bytes } }, options)) {
      return event.model;
    }
    return undefined;
  }

  /** Ends the worker and frees its memory. Open calls reject with `engine_stopped`. */
  dispose(): void {
    this.client.dispose();
  }
}
