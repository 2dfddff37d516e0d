import type { ErrorShape } from '../errors.js';
import type {
  DeviceInfo,
  FilmEvent,
  KvCache,
  MemoryInfo,
  ModelEstimate,
  Progress,
  SelfTestReport,
  Shot,
  StoredModel,
} from '../types.js';

/** The three builds of the engine. */
export type Build = 'plain' | 'relaxed' | 'threads';

/** A model file of the package; `bytes` and `sha256` are what the built package shipped. */
export interface ModelFile {
  name: ModelName;
  file: string;
  url: string;
  bytes: number;
  sha256: string;
}
export type ModelName = 'text' | 'motion' | 'paint' | 'refine';

export interface LoadArgs {
  engines: Record<Build, string>;
  /** The module of grammars, which is fetched when one is needed. */
  grammar: string;
  /** The module that writes GIFs, likewise. */
  gif: string;
  models: ModelFile[];
  device: 'auto' | 'gpu' | 'cpu';
  /** 0: as many as the machine has cores, 8 at most. */
  threads: number;
}

/** A request of the OpenAI API: the path decides by what follows its last `/v1/`, the body is JSON or empty. */
export interface OpenAiArgs {
  method: string;
  path: string;
  body: string;
}

export interface FilmArgs {
  idea: string;
  seed: number;
  shots?: number;
  seconds_per_shot: number;
  fps: number;
  width: number;
  height: number;
  style?: string;
  refine?: boolean;
}

export interface GifArgs {
  width: number;
  height: number;
  fps: number;
  frames: Uint8ClampedArray<ArrayBuffer>[];
}

/** A model by its addresses (one a part) or its files; the engines' addresses, for who has to read its header. */
export interface ModelArgs {
  name: string;
  urls: string[];
  files: Blob[];
  storage: 'auto' | 'opfs' | 'memory';
  pieces?: string[][];
  timeoutMs: number;
  engines: LoadArgs['engines'];
  /** The key of the model that this one is an adapter of. */
  adapterOf?: string;
  /** Of one that the store has already: nothing is fetched. */
  key?: string;
}

/** How a text model is loaded. */
export interface TextChoice {
  contextTokens?: number;
  kvCache?: KvCache;
  /** For estimates: bytes of the other parts of a split model. */
  otherBytes?: number;
}

/** Everything the worker can be asked; each call answers with a stream of events. */
export type Call =
  | { op: 'load'; args: LoadArgs }
  | { op: 'film'; args: FilmArgs }
  | { op: 'openai'; args: OpenAiArgs }
  | { op: 'gif'; args: GifArgs }
  | { op: 'inspect'; args: { name: string; bytes: Uint8Array<ArrayBuffer> } }
  | { op: 'selftest'; args: { cpu: boolean } }
  /** Reads a model out of its files, which stay where they are, or out of what the store sends. */
  | { op: 'model.add'; args: { name: string; source: Blob[] | MessagePort; options: TextChoice } }
  | { op: 'adapter.add'; args: { model: string; name: string; parts: Blob[]; scale: number } }
  | { op: 'adapter.remove'; args: { model: string; name: string } }
  | { op: 'model.remove'; args: { name: string } }
  | { op: 'memory' }
  // The store's, asked of a worker of their own: a download neither waits for the engine nor holds it up.
  /** `feed`: the engine that reads the model while it comes; it is then kept nowhere but on the disk. */
  | { op: 'model.get'; args: ModelArgs & { feed?: MessagePort } }
  | { op: 'model.estimate'; args: ModelArgs & { choice: TextChoice; device?: 'cpu' | 'gpu' } }
  | { op: 'model.list' }
  | { op: 'model.pieces'; args: { key: string } }
  | { op: 'model.delete'; args: { key: string } };

export type LoadEvent = { type: 'progress'; progress: Progress } | { type: 'loaded'; device: DeviceInfo };
/** The head comes first; each event of a streamed body is one piece of work. `working` stays in the worker. */
export type OpenAiEvent =
  | { type: 'working' }
  | { type: 'head'; status: number; headers: [string, string][] }
  | { type: 'body'; text: string };
export type GifEvent = { type: 'step'; step: number; of: number } | { type: 'gif'; bytes: Uint8Array<ArrayBuffer> };
export type ModelEvent =
  | { type: 'progress'; progress: Progress }
  | { type: 'got'; model: StoredModel; parts: Blob[] }
  | { type: 'estimate'; estimate: ModelEstimate }
  | { type: 'list'; models: StoredModel[] }
  | { type: 'pieces'; pieces: string[][] }
  | { type: 'done' };
/** What the store tells the engine of a file that is coming. */
export type ToEngine =
  | { type: 'file'; size: number; header: number }
  | { type: 'piece'; at: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'again' }
  | { type: 'end' };
/** And what the engine answers: it takes pieces that begin before `to`, has read one and gives its buffer back, or takes none any more. */
export type FromEngine = { type: 'want'; to: number } | { type: 'back'; buffer: ArrayBuffer } | { type: 'close' };
/** `device`: where models run now, which is another one after a graphics adapter was lost. */
export type MemoryEvent = { type: 'memory'; memory: MemoryInfo; device: DeviceInfo };
export type SelfTestEvent = { type: 'selftest'; report: SelfTestReport };
export type InspectEvent = { type: 'model'; model: unknown };

/** A film event on the wire, as the engine names it: a frame is RGBA bytes, transferred. */
export type WireFilmEvent =
  | { type: 'script_delta'; text: string }
  | {
      type: 'storyboard';
      title: string;
      shots: Shot[];
      of: number;
      done: boolean;
      frames_per_shot: number;
      fps: number;
      refines: boolean;
    }
  | { type: 'thumbnail'; shot: number; frame: WireFrame }
  | { type: 'draft' | 'refined'; shot: number; index: number; of: number; frame: WireFrame }
  | Extract<FilmEvent, { type: 'script' | 'captions' | 'notice' | 'done' }>;
export interface WireFrame {
  width: number;
  height: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** A byte of the engine's shared memory: setting it to 1 stops the job without waiting for the worker's event loop. */
export interface AbortFlag {
  buffer: SharedArrayBuffer;
  at: number;
}

/** One credit buys one event: nothing is computed that nobody asked for. */
export type ToWorker =
  | { type: 'open'; id: number; call: Call }
  | { type: 'next'; id: number; credits: number }
  | { type: 'abort'; id: number };

export type FromWorker =
  | { type: 'hello' }
  /** The engine is no more: a panic, or a trap. */
  | { type: 'panic'; message: string }
  | { type: 'flag'; id: number; flag: AbortFlag }
  | { type: 'event'; id: number; event: unknown }
  | { type: 'end'; id: number }
  | { type: 'error'; id: number; error: ErrorShape };

/** What a helper thread gets: the compiled engine and the memory it shares. */
export interface ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** What a helper thread says: that it works, or that the engine in it broke. */
export type FromThread = { type: 'ready' } | { type: 'panic'; message: string };

/** The name by which the worker script knows that it is a helper thread. */
export const THREAD_NAME = 'kinora-thread';
