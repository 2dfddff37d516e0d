import { KinoraError } from '../errors.js';
import type {
  AbortFlag,
  Call,
  FilmArgs,
  LoadArgs,
  LoadEvent,
  MemoryEvent,
  ModelName,
  OpenAiArgs,
  OpenAiEvent,
  SelfTestEvent,
  WireFilmEvent,
} from '../internal/protocol.js';
import type { Progress } from '../types.js';
import { addModel } from './adding.js';
import { bootEngine, type Machine } from './boot.js';
import type { Engine, EngineStream, Files } from './engine.js';
import { readModel } from './files.js';
import { type GifMaker, gifMaker } from './gif.js';
import { grammarLoader } from './grammar.js';
import { deleteModel, estimateModel, getModel, listModels, modelPieces } from './models.js';

/** Models that a host may leave out: the engine says what it cannot do without them. */
const OPTIONAL: ReadonlySet<ModelName> = new Set(['refine']);
const isMissing = (error: unknown): boolean =>
  error instanceof KinoraError && ['asset_missing', 'asset_html'].includes(error.code);

let machine: Machine | undefined;
let engine: Engine | undefined;
let grammars: (() => Promise<void>) | undefined;
let gifs: GifMaker | undefined;

/** The events of any call. `flag` is told where the job's abort flag lies, in builds with shared memory. */
export function operate(
  call: Call,
  signal: AbortSignal,
  flag: (flag: AbortFlag) => void,
): AsyncGenerator<unknown, void> {
  switch (call.op) {
    case 'load':
      return load(call.args, signal);
    case 'film':
      return film(call.args, signal, flag);
    case 'openai':
      return openai(call.args, signal, flag);
    case 'gif':
      return running().gifs(call.args, signal);
    case 'inspect':
      return inspect(call.args.name, call.args.bytes);
    case 'selftest':
      return selftest(call.args.cpu);
    case 'model.add':
      return once(() => addModel(running().engine, call.args, inTurn, signal));
    case 'adapter.add': {
      const { model, name, parts, scale } = call.args;
      return once(() => inTurn(() => running().engine.add_adapter(model, name, parts, scale)));
    }
    case 'adapter.remove':
      return once(() => running().engine.remove_adapter(call.args.model, call.args.name));
    case 'model.remove':
      return once(() => running().engine.remove_model(call.args.name));
    case 'memory':
      return memory();
    case 'model.get':
      return getModel(call.args, signal);
    case 'model.estimate':
      return estimateModel(call.args, signal);
    case 'model.list':
      return listModels();
    case 'model.pieces':
      return modelPieces(call.args.key);
    case 'model.delete':
      return deleteModel(call.args.key);
  }
}

async function* load(args: LoadArgs, signal: AbortSignal): AsyncGenerator<LoadEvent, void> {
  const total = args.models.reduce((sum, model) => sum + model.bytes, 0);
  const began = performance.now();
  const event = (phase: Progress['phase'], loaded: number, text: string, file?: string): LoadEvent => {
    const etaMs = phase === 'download' && loaded > 0 ? ((performance.now() - began) * (total - loaded)) / loaded : null;
    return {
      type: 'progress',
      progress: { phase, loaded, total, etaMs, text, ...(file === undefined ? {} : { file }) },
    };
  };
  yield event('engine', 0, 'Starting the engine');
  // The engine compiles while the models arrive.
  const booting = bootEngine(args, signal);
  booting.catch(() => undefined);
  const files: Files = {};
  let before = 0;
  let told = 0;
  for (const model of args.models) {
    const reading = readModel(model, signal);
    try {
      let step = await reading.next();
      for (; !step.done; step = await reading.next()) {
        // At most twenty reports a second: a local server sends faster than a page can show.
        if (performance.now() - told < 50) continue;
        told = performance.now();
        yield event('download', before + step.value, 'Reading the models', model.file);
      }
      files[model.name] = step.value;
    } catch (error) {
      if (!OPTIONAL.has(model.name) || !isMissing(error)) throw error;
    }
    before += model.bytes;
  }
  machine = await booting;
  yield event('upload', total, 'Preparing the models');
  engine = await machine.glue.load(files, { device: args.device, threads: machine.threads });
  grammars = grammarLoader(args.grammar, engine);
  gifs = gifMaker(args.gif);
  yield event('ready', total, 'Ready');
  yield { type: 'loaded', device: { ...engine.device(), build: machine.build } };
}

// One `next` of the engine at a time: jobs that are open together take turns by their events.
let turn: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
}

async function* run<T>(
  open: () => EngineStream<T>,
  signal: AbortSignal,
  flag: (flag: AbortFlag) => void,
): AsyncGenerator<T, void> {
  const job = open();
  const at = job.abort_address();
  const buffer = machine?.memory.buffer;
  if (at > 0 && typeof SharedArrayBuffer === 'function' && buffer instanceof SharedArrayBuffer) flag({ buffer, at });
  const abort = (): void => job.abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      // Out of turn: others go on while it is fetched.
      if (job.needs_grammars()) await unlessAborted(running().grammars(), signal);
      const event = await inTurn(async () => (signal.aborted ? undefined : job.next()));
      if (event === undefined) return;
      yield event;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    job.free();
  }
}

/** What `work` gives; nothing where the signal aborts before. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** A film. A grammar rules its storyboard: what compiles it is fetched while the script is written. */
function film(
  args: FilmArgs,
  signal: AbortSignal,
  flag: (flag: AbortFlag) => void,
): AsyncGenerator<WireFilmEvent, void> {
  const open = (): EngineStream<WireFilmEvent> => {
    const { engine, grammars } = running();
    const job = engine.film(args);
    grammars().catch(() => undefined); // the storyboard tries again
    return job;
  };
  return run(open, signal, flag);
}

/** An answer of the API. Steps of an answer that goes out whole take turns with other jobs and cross to nobody. */
async function* openai(
  { method, path, body }: OpenAiArgs,
  signal: AbortSignal,
  flag: (flag: AbortFlag) => void,
): AsyncGenerator<OpenAiEvent, void> {
  for await (const event of run(() => running().engine.openai(method, path, body), signal, flag)) {
    if (event.type !== 'working') yield event;
  }
}

async function* once(work: () => void | Promise<void>): AsyncGenerator<unknown, void> {
  await work();
  yield { type: 'done' };
}

async function* memory(): AsyncGenerator<MemoryEvent, void> {
  const { engine, machine } = running();
  const memory = { wasm: machine.memory.buffer.byteLength, weights: engine.weight_bytes() };
  yield { type: 'memory', memory, device: { ...engine.device(), build: machine.build } };
}

async function* inspect(name: string, bytes: Uint8Array): AsyncGenerator<unknown, void> {
  yield { type: 'model', model: running().machine.glue.inspect(name, bytes) };
}

async function* selftest(cpu: boolean): AsyncGenerator<SelfTestEvent, void> {
  yield { type: 'selftest', report: await running().machine.glue.selftest(cpu) };
}

function running(): { machine: Machine; engine: Engine; grammars: () => Promise<void>; gifs: GifMaker } {
  if (machine && engine && grammars && gifs) return { machine, engine, grammars, gifs };
  throw new KinoraError({
    code: 'not_loaded',
    stage: 'load',
    retryable: true,
    message: 'The engine is not loaded yet.',
    hint: 'Await Kinora.load() first.',
  });
}
