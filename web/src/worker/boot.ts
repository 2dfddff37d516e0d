import glues from 'kinora:glue';
import { KinoraError } from '../errors.js';
import { hasRelaxedSimd, hasSimd, hasThreads } from '../internal/probe.js';
import { type Build, type FromThread, type LoadArgs, THREAD_NAME, type ThreadStart } from '../internal/protocol.js';
import type { Glue } from './engine.js';
import { refuseHtml, request } from './files.js';

/** A running build of the engine, without models yet. */
export interface Machine {
  build: Build;
  glue: Glue;
  memory: WebAssembly.Memory;
  threads: number;
}

/** Stack of a helper thread: kernels keep their tiles there. */
const THREAD_STACK = 1 << 20;
const MAX_THREADS = 8;

/** Compiles and starts the best build that this worker can run; from the one with threads it falls back to one without. */
export async function bootEngine(args: LoadArgs, signal: AbortSignal): Promise<Machine> {
  if (!hasSimd()) {
    throw new KinoraError({
      code: 'unsupported',
      stage: 'load',
      retryable: false,
      message: 'This browser has no WebAssembly SIMD, which the engine needs.',
      hint: 'Any browser from 2023 or later has it: please update.',
    });
  }
  const threads = args.threads > 0 ? args.threads : Math.min(navigator.hardwareConcurrency || 1, MAX_THREADS);
  if (threads > 1 && hasThreads() && hasRelaxedSimd()) {
    try {
      return await bootThreads(args.engines.threads, threads, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Some phones refuse the large shared memory: one thread is slower and works.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  const build = hasRelaxedSimd() ? 'relaxed' : 'plain';
  const glue = glues[build];
  const { memory } = await glue({ module_or_path: await compile(args.engines[build], signal) });
  return { build, glue, memory, threads: 1 };
}

/** The engine's header reader alone, in a build with one thread. */
export async function bootHeaderReader(
  engines: LoadArgs['engines'],
  signal: AbortSignal,
): Promise<Glue['read_header']> {
  const build = hasRelaxedSimd() ? 'relaxed' : 'plain';
  await glues[build]({ module_or_path: await compile(engines[build], signal) });
  return glues[build].read_header;
}

async function bootThreads(url: string, threads: number, signal: AbortSignal): Promise<Machine> {
  const module = await compile(url, signal);
  const glue = glues.threads;
  const { memory } = await glue({ module_or_path: module });
  const helpers = Array.from({ length: threads - 1 }, () => startThread({ module, memory }));
  const started = (await Promise.all(helpers)).filter(Boolean).length;
  return { build: 'threads', glue, memory, threads: started + 1 };
}

/** One helper: this same script under another name. False where the browser does not start it. */
function startThread(start: ThreadStart): Promise<boolean> {
  return new Promise((resolve) => {
    const worker = new Worker(self.location.href, { name: THREAD_NAME });
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
      if (data.type === 'ready') resolve(true);
      else self.kinoraPanicked(data.message);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      resolve(false);
    };
    worker.postMessage(start);
  });
}

/** The helper's life: takes module and memory, says that it is there, works for ever. */
export function threadMain(): void {
  self.kinoraPanicked = (message) => self.postMessage({ type: 'panic', message } satisfies FromThread);
  self.onmessage = ({ data }: MessageEvent<ThreadStart>) => {
    const glue = glues.threads;
    glue.initSync({ ...data, thread_stack_size: THREAD_STACK });
    self.postMessage({ type: 'ready' } satisfies FromThread);
    glue.pool_worker?.();
  };
}

/** Compiles one of the package's modules. */
export async function compile(url: string, signal: AbortSignal): Promise<WebAssembly.Module> {
  const response = await request(url, signal);
  if (response.headers.get('content-type')?.startsWith('application/wasm')) {
    return WebAssembly.compileStreaming(response).catch((error: unknown) => {
      throw unusable(url, error);
    });
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  refuseHtml(url, bytes);
  return WebAssembly.compile(bytes).catch((error: unknown) => {
    throw unusable(url, error);
  });
}

function unusable(url: string, error: unknown): KinoraError {
  return new KinoraError({
    code: 'engine_unusable',
    stage: 'load',
    retryable: true,
    message: `The engine could not be compiled from ${url}: ${error instanceof Error ? error.message : error}.`,
    hint: "Under a Content-Security-Policy, script-src needs 'wasm-unsafe-eval'. Otherwise the file is damaged: upload it again.",
  });
}
