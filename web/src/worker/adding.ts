import type { Call } from '../internal/protocol.js';
import type { Engine, ModelLoading } from './engine.js';
import { Incoming } from './incoming.js';

/** One `next` of the engine, or one step of a load, at a time. */
type InTurn = <T>(work: () => T | Promise<T>) => Promise<T>;

/** Milliseconds of loading after which messages are looked at: an abort may be among them. */
const STRETCH_MS = 30;

type Model = Extract<Call, { op: 'model.add' }>['args'];

/** Reads a model into the engine, a tensor or a few at a time, from files that are there or one that is coming. */
export async function addModel(engine: Engine, model: Model, inTurn: InTurn, signal: AbortSignal): Promise<void> {
  const { source } = model;
  if (Array.isArray(source)) {
    const loading = await inTurn(() => engine.begin_model(model.name, source, model.options));
    await finish(loading, inTurn, signal, async () => true);
    return;
  }
  const incoming = new Incoming(source, signal);
  try {
    while (!(await take(engine, model, incoming, inTurn, signal))) incoming.renew();
  } finally {
    incoming.close();
  }
}

/** Reads one file; false where another took its place meanwhile. */
async function take(
  engine: Engine,
  { name, options }: Model,
  incoming: Incoming,
  inTurn: InTurn,
  signal: AbortSignal,
): Promise<boolean> {
  if (!((await incoming.until(0)) && (await incoming.until(incoming.header)))) return false;
  const loading = await inTurn(() => engine.begin_model(name, [incoming], options));
  return finish(loading, inTurn, signal, async (needs, read) => {
    incoming.release(read);
    return incoming.until(needs);
  });
}

/** Goes on to the end; `ready` waits for the bytes of a step and says whether they are still those of the same file. */
async function finish(
  loading: ModelLoading,
  inTurn: InTurn,
  signal: AbortSignal,
  ready: (needs: number, read: number) => Promise<boolean>,
): Promise<boolean> {
  let whole = false;
  try {
    let last = performance.now();
    for (let needs = loading.needs(); needs !== undefined; needs = loading.needs()) {
      if (!(await ready(needs, loading.read_to()))) return false;
      await inTurn(() => loading.step());
      if (performance.now() - last < STRETCH_MS) continue;
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      last = performance.now();
    }
    whole = true;
    await inTurn(() => loading.finish());
    return true;
  } finally {
    if (!whole) loading.free();
  }
}
