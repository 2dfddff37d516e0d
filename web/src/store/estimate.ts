import type { TextChoice } from '../internal/protocol.js';
import type { ModelEstimate } from '../types.js';
import type { EngineEstimate, Header } from '../worker/engine.js';
import { refused } from './errors.js';
import { HttpFile } from './http.js';
import type { Net } from './patience.js';
import { file, list, type ReadHeader, type Wanted } from './store.js';
import { BlobFile, type PartReader } from './transfer.js';

const HEADER_STEP = 1 << 20;

/** A model, and what the person asking knows of how it will run. */
export type Asked = Wanted & { choice: TextChoice; device?: 'cpu' | 'gpu' };

/** Reads no more of a model than its header, and tells what it would take to run it. */
export async function estimate(wanted: Asked, readHeader: ReadHeader, signal: AbortSignal): Promise<ModelEstimate> {
  const net: Net = { signal, timeoutMs: wanted.timeoutMs, waiting: () => undefined };
  const here = (await list()).find(
    ({ key, urls, have, bytes }) =>
      have === bytes && (wanted.key === undefined ? urls.length > 0 && urls[0] === wanted.urls[0] : key === wanted.key),
  );
  const stored = here && (await file(here.key));
  const parts: PartReader[] = stored
    ? [await BlobFile.open(stored, wanted.name)]
    : wanted.files.length
      ? await Promise.all(wanted.files.map((part) => BlobFile.open(part, wanted.name)))
      : await Promise.all(wanted.urls.map((url) => HttpFile.open(url, net)));
  try {
    const [first, ...others] = parts;
    const otherBytes = here
      ? here.bytes - (stored?.size ?? 0)
      : others.reduce((sum, part) => sum + (part.bytes ?? 0), 0);
    const header = await headerOf(first, (head, size) => readHeader(head, size, { ...wanted.choice, otherBytes }));
    const bytes = here?.bytes ?? parts.reduce((sum, part) => sum + (part.bytes ?? header.bytes), 0);
    return await told(wanted, header, here || wanted.files.length ? 0 : bytes);
  } finally {
    for (const part of parts) part.close();
  }
}

async function headerOf(first: PartReader | undefined, readHeader: ReadHeader): Promise<Header> {
  if (!first) throw new TypeError('a model without parts');
  let head = new Uint8Array(0);
  for (let need = HEADER_STEP; ; ) {
    const more = await first.read(head.length, need, () => undefined);
    head = joined(head, more);
    const read = await readHeader(head, first.bytes).catch((error: unknown) => {
      throw refused(first.url, error);
    });
    if ('about' in read) return read;
    // A header is asked for in growing steps: it says itself only how much its next value needs.
    need = Math.max(read.need, head.length * 2);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** What `auto` would take: the GPU where it is a real one. */
async function likelyDevice(): Promise<'cpu' | 'gpu'> {
  interface Adapter {
    info?: { isFallbackAdapter?: boolean; architecture?: string };
    isFallbackAdapter?: boolean;
  }
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  const adapter = await gpu?.requestAdapter().catch(() => null);
  const software = adapter?.isFallbackAdapter || adapter?.info?.isFallbackAdapter;
  return adapter && !software && adapter.info?.architecture !== 'swiftshader' ? 'gpu' : 'cpu';
}

const NOTHING: EngineEstimate = {
  weights: 0,
  cache: 0,
  scratch: 0,
  engine: 0,
  total: 0,
  context: 0,
  kvCache: 'f32',
  largestContext: 0,
  memory: 0,
  fits: true,
};

async function told(wanted: Asked, header: Header, download: number): Promise<ModelEstimate> {
  const { about, estimate = NOTHING } = header;
  const { weights, cache, scratch, engine, total: memory } = estimate;
  const { deviceMemory, connection } = navigator as { deviceMemory?: number; connection?: { downlink?: number } };
  const megabits = connection?.downlink;
  const device = wanted.device ?? (await likelyDevice());
  let why = '';
  // On a graphics adapter the weights lie outside of the page's memory; how much there is, no page is told.
  const fits = device === 'gpu' || estimate.fits;
  if (!fits) {
    const shorter = estimate.largestContext;
    why = `It needs ${gb(memory)} of memory, and a page can have ${gb(estimate.memory)}${shorter > 0 ? `: a conversation of ${shorter} tokens fits` : ''}.`;
  }
  // Browsers tell at most 8 GiB, in coarse steps.
  else if (deviceMemory !== undefined && memory > (deviceMemory * 2 ** 30) / 2) {
    why = `It needs ${gb(memory)} of memory; this device has ${deviceMemory >= 8 ? 'at least ' : ''}${deviceMemory} GB.`;
  }
  return {
    name: wanted.name,
    bytes: download,
    memory,
    parts: { weights, cache, scratch, engine },
    contextTokens: estimate.context,
    kvCache: estimate.kvCache,
    largestContextTokens: estimate.largestContext,
    fits,
    why,
    seconds: megabits ? (download * 8) / (megabits * 1e6) : null,
    device,
    about,
  };
}

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
