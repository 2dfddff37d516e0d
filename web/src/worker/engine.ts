import type { FilmArgs, OpenAiEvent, TextChoice, WireFilmEvent } from '../internal/protocol.js';
import type { KvCache, ModelAbout, SelfTestReport } from '../types.js';

// The surface of crates/wasm, as the worker uses it.

/** A running job of the engine: nothing is computed until `next` is called. */
export interface EngineStream<T> {
  next(): Promise<T | undefined>;
  /** Whether the next event needs the module of grammars and the engine does not have it. */
  needs_grammars(): boolean;
  abort(): void;
  /** Where the abort flag lies in the engine's memory; 0 in builds without shared memory. */
  abort_address(): number;
  free(): void;
}

/** A file that the engine reads by ranges. */
export interface FileLike {
  readonly size: number;
  read(offset: number, into: Uint8Array): void;
}

/** A model on its way into the engine; freeing it leaves the engine as it is. */
export interface ModelLoading {
  /** Bytes from the beginning of the file that the next step reads; undefined when all is read. */
  needs(): number | undefined;
  /** Bytes from the beginning of the file that will not be read again. */
  read_to(): number;
  step(): void;
  /** Hands the model to the engine, and frees this. */
  finish(): void;
  free(): void;
}

export interface Engine {
  /** A request of the OpenAI API; it never fails, a refusal is an answer too. */
  openai(method: string, path: string, body: string): EngineStream<OpenAiEvent>;
  film(request: FilmArgs): EngineStream<WireFilmEvent>;
  /** Takes the module of grammars, once it is started. */
  set_grammars(module: GrammarGlue): void;
  /** Begins to read a text model out of its GGUF files, without a copy of them; their headers must be there. */
  begin_model(name: string, parts: (Blob | FileLike)[], options: TextChoice): ModelLoading;
  remove_model(name: string): void;
  /** Reads an adapter of a loaded model. */
  add_adapter(model: string, name: string, parts: Blob[], scale: number): Promise<void>;
  remove_adapter(model: string, name: string): void;
  /** Bytes of the weights of all text models. */
  weight_bytes(): number;
  /** The device in words. */
  device(): { kind: 'cpu' | 'gpu'; name: string; threads: number; why: string };
  free(): void;
}

/** A whole header. */
export interface Header {
  about: ModelAbout;
  /** Of the file, as the header tells it. */
  bytes: number;
  /** Where the weights begin, in bytes. */
  header: number;
  estimate?: EngineEstimate;
}

/** What a model takes in memory, in bytes. */
export interface EngineEstimate {
  weights: number;
  cache: number;
  scratch: number;
  engine: number;
  total: number;
  context: number;
  kvCache: KvCache;
  largestContext: number;
  /** What a page can have. */
  memory: number;
  fits: boolean;
}

/** The module that writes GIFs (crates/gif). Its errors are strings. */
export interface GifGlue {
  (options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  GifWriter: new (width: number, height: number, fps: number) => GifWriter;
}

export interface GifWriter {
  push(rgba: Uint8ClampedArray): void;
  finish(): Uint8Array<ArrayBuffer>;
  free(): void;
}

/** The model files, each handed over whole. */
export interface Files {
  text?: Uint8Array;
  motion?: Uint8Array;
  paint?: Uint8Array;
  refine?: Uint8Array;
}

/** The module of grammars (crates/grammar-wasm): the worker starts it, the engine calls it. */
export type GrammarGlue = (options: { module_or_path: WebAssembly.Module }) => Promise<unknown>;

/** What `wasm_bindgen` of one build offers. */
export interface Glue {
  (options: { module_or_path: WebAssembly.Module }): Promise<{ memory: WebAssembly.Memory }>;
  initSync(options: { module: WebAssembly.Module; memory?: WebAssembly.Memory; thread_stack_size?: number }): {
    memory: WebAssembly.Memory;
  };
  load(files: Files, options: { device: 'auto' | 'gpu' | 'cpu'; threads: number }): Promise<Engine>;
  inspect(name: string, bytes: Uint8Array): unknown;
  /** Every kernel on a GPU of its own, or on the CPU, against the CPU's exact form. */
  selftest(cpu: boolean): Promise<SelfTestReport>;
  /** What the beginning of a GGUF file says; `file_bytes` is negative where the size is unknown. `options` asks for an estimate. */
  read_header(head: Uint8Array, file_bytes: number, options?: TextChoice): { need: number } | Header;
  /** Works for the pool for ever; only in the build with threads. */
  pool_worker?(): void;
}

declare global {
  interface Window {
    /** The engine calls this when it panics: the instance is lost, and whoever waits must hear of it. */
    kinoraPanicked(message: string): void;
  }
}
