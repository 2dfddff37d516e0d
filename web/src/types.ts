/** One character of a shot, in the words of the video model's vocabulary. */
export interface Character {
  kind: string;
  color: string;
  action: string;
  mood: string;
  /** Where the idea names one: “a tiny cat”. */
  size?: 'tiny' | 'small' | 'big' | 'huge';
}

/** One shot of a storyboard. */
export interface Shot {
  place: string;
  time: string;
  weather: string;
  characters: Character[];
  prop: string;
  camera: string;
  /** The sentence shown under the shot. */
  caption: string;
}

/** The written film. */
export interface Script {
  title: string;
  /** One line a shot. */
  lines: string[];
  /** All of it, as the model wrote it. */
  text: string;
}

/** One caption; times in seconds from the start of the film. */
export interface Cue {
  start: number;
  end: number;
  text: string;
}

/** What a film tells while it is made. `shot` and `index` count from 0. */
export type FilmEvent =
  | { type: 'script.delta'; text: string }
  /** The whole script; once more before the storyboard is done where a shot had to change, and with it its line. */
  | { type: 'script'; script: Script }
  /**
   * Comes several times while the storyboard fills; `done` with the last. `refines`: every frame will come twice, drafted and
   * then refined.
   */
  | {
      type: 'storyboard';
      title: string;
      shots: Shot[];
      of: number;
      done: boolean;
      framesPerShot: number;
      fps: number;
      refines: boolean;
    }
  /** One picture of a shot, ahead of its frames. */
  | { type: 'thumbnail'; shot: number; frame: ImageData }
  /** Frame `index` of the `of` frames of its shot. */
  | { type: 'draft'; shot: number; index: number; of: number; frame: ImageData }
  /** The same frame with texture, light and style: it takes the draft's place. After all drafts, shot by shot. */
  | { type: 'refined'; shot: number; index: number; of: number; frame: ImageData }
  | { type: 'captions'; cues: Cue[] }
  | { type: 'notice'; code: string; text: string }
  | { type: 'done' };

/** A film as plain data. */
export interface FilmProject {
  version: 1;
  idea: string;
  seed: number;
  fps: number;
  width: number;
  height: number;
  script?: Script;
  shots: Shot[];
  cues: Cue[];
  /** RGBA bytes of each frame of each shot. */
  frames: Uint8ClampedArray<ArrayBuffer>[][];
  /** Whether the film was made to its end. */
  complete: boolean;
}

/** How far a load is. `total` and `etaMs` are null while unknown. */
export interface Progress {
  phase: 'engine' | 'download' | 'verify' | 'upload' | 'shaders' | 'ready';
  file?: string;
  loaded: number;
  total: number | null;
  etaMs: number | null;
  /** A sentence to show. */
  text: string;
}

/** The device that runs the models. */
export interface DeviceInfo {
  /** `remote`: a server that was named in `Kinora.load({ remote })`. */
  kind: 'cpu' | 'gpu' | 'remote';
  /** The device in words, such as `relaxed SIMD, 4 threads` or the adapter's name. */
  name: string;
  /** Threads of the CPU device; 1 where the page is not cross-origin isolated. */
  threads: number;
  /** Which build of the engine runs; null where none does. */
  build: 'plain' | 'relaxed' | 'threads' | null;
  /** Why this one was chosen, in a sentence. */
  why: string;
}

/** What the header of a model file says. */
export interface ModelAbout {
  /** What it is for: writing text, vectors of texts, or changing another model. */
  kind: 'text' | 'encoder' | 'adapter';
  /** Of an adapter: that of the models that it was made for. */
  architecture: string;
  /** The type of most of its weights, such as `Q8_0`. */
  quantisation: string;
  parameters: number;
  /** Tokens that a conversation may have; 0 for an adapter. */
  context: number;
  /** The name that its makers gave it; empty where the file has none. */
  title: string;
}

/** How keys and values of a conversation are kept: exactly, in half the memory, or in little more than a quarter. */
export type KvCache = 'f32' | 'f16' | 'q8_0';

/** A low-rank adapter of a model, on this device or loaded. */
export interface ModelAdapter {
  /** What `kinora.adapters` of a request says, and `model:` behind the model's name and a colon. */
  name: string;
  /** Identifies it in the store. */
  key: string;
  bytes: number;
  /** Bytes that are here already; `bytes` when it is whole. */
  have: number;
  stored: 'disk' | 'memory' | 'file';
  /** Where it comes from; empty for files that the user gave. */
  urls: string[];
  /** Whether requests may ask for it now. */
  loaded: boolean;
  /** How strong it is where a request does not say; 1 where it is not loaded. */
  scale: number;
}

/** A model that is on this device, whole or in part. */
export interface StoredModel {
  /** What `model:` of a request says. */
  name: string;
  /** Identifies it in the store. */
  key: string;
  bytes: number;
  /** Bytes that are here already; `bytes` when it is whole. */
  have: number;
  /** `disk` survives the visit; `memory` does not; `file`: read from the user's own file. */
  stored: 'disk' | 'memory' | 'file';
  /** Why it is not on the disk, in a sentence, where it is not. */
  why?: string;
  /** Where it comes from; empty for files that the user gave. */
  urls: string[];
  /** Milliseconds since 1970. */
  added: number;
  about: ModelAbout;
  /** Of an adapter: the key of its model. Such entries are listed by themselves only where that model is gone. */
  adapterOf?: string;
  /** Its adapters: those that are loaded, and those that are stored beside it. */
  adapters?: ModelAdapter[];
}

/** What a model would take, told before it is downloaded. */
export interface ModelEstimate {
  name: string;
  /** Bytes to download; 0 where it is on this device already. */
  bytes: number;
  /** Bytes of memory that its weights and a conversation of `contextTokens` take, the engine included. */
  memory: number;
  /** What these are made of: weights, keys and values of the conversation, what a pass works in, and the engine itself. */
  parts: { weights: number; cache: number; scratch: number; engine: number };
  contextTokens: number;
  /** How keys and values would be kept. */
  kvCache: KvCache;
  /** Tokens of the longest conversation that fits into a page's memory, 0 where the weights do not. */
  largestContextTokens: number;
  /** Whether it can run here. */
  fits: boolean;
  /** Why not, or what is tight, in a sentence; empty when all is well. */
  why: string;
  /** Seconds that the download may take; null where the browser knows nothing of the connection. */
  seconds: number | null;
  device: 'cpu' | 'gpu';
  about: ModelAbout;
}

/** What the engine holds in memory, in bytes. */
export interface MemoryInfo {
  /** The engine's WebAssembly memory: code's data, weights and caches of the CPU device. It grows and does not shrink. */
  wasm: number;
  /** Weights of all text models that are loaded. */
  weights: number;
}

/** What `kinora.selftest()` found. */
export interface SelfTestReport {
  device: 'cpu' | 'gpu';
  /** The adapter, or the CPU's instructions, in words. */
  description: string;
  /** The kernels that compute right there: a GPU has two sets, for hardware and for software adapters. `null`: use the CPU. */
  set: 'hardware' | 'software' | 'cpu' | null;
  kernels: SelfTestKernel[];
}

/** One computation of the self-test. */
export interface SelfTestKernel {
  kernel: string;
  set: 'hardware' | 'software' | 'cpu';
  ok: boolean;
  /** The largest difference from the CPU, in parts of the largest value; `null` where a value was not a number. */
  difference: number | null;
  /** The difference that rounding explains. */
  allowed: number;
  /** What the device answered, where it refused. */
  error: string | null;
}
