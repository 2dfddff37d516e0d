import type { ModelEstimate } from '../types.js';
import { HttpFile } from './http.js';
import type { Net } from './patience.js';
import { list, type ReadHeader, refused, type Wanted } from './store.js';
import { BlobFile } from './transfer.js';

/** WebAssembly addresses 32 bits; part of it is the engine's own. */
const CPU_MEMORY = 3.75 * 2 ** 30;
/** Beside the weights: activations, the engine itself. */
const OVERHEAD = 96 * 2 ** 20;
const HEADER_STEP = 1 << 20;

/** A model, and what the person asking knows of how it will run. */
export type Asked = Wanted & { contextTokens: number; device?: 'cpu' | 'gpu' };

/** Reads no more of a model than its header, and tells what it would take to run it. */
export async function estimate(wanted: Asked, readHeader: ReadHeader, signal: AbortSignal): Promise<ModelEstimate> {
  const net: Net = { signal, timeoutMs: wanted.timeoutMs, waiting: () => undefined };
  const here = (await list()).find(
    ({ urls, have, bytes }) => urls[0] === wanted.urls[0] && urls.length > 0 && have === bytes,
  );
  if (here) return told(wanted, here.about, here.bytes, 0);
  const parts = wanted.files.length
    ? await Promise.all(wanted.files.map((file) => BlobFile.open(file, wanted.name)))
    : await Promise.all(wanted.urls.map((url) => HttpFile.open(url, net)));
  try {
    const [first] = parts;
    if (!first) throw new TypeError('a model without parts');
    let head = new Uint8Array(0);
    for (let need = HEADER_STEP; ; ) {
      const more = await first.read(head.length, need, () => undefined);
      head = joined(head, more);
      const read = await readHeader(head, first.bytes).catch((error: unknown) => {
        throw refused(first.url, error);
      });
      if ('about' in read) {
        const bytes = parts.reduce((sum, part) => sum + (part.bytes ?? read.bytes), 0);
        return told(wanted, read.about, bytes, wanted.files.length ? 0 : bytes);
      }
      // A header is asked for in growing steps: it says itself only how much its next value needs.
      need = Math.max(read.need, head.length * 2);
    }
  } finally {
    for (const part of parts) part.close();
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

async function told(
  wanted: Asked,
  about: ModelEstimate['about'],
  size: number,
  download: number,
): Promise<ModelEstimate> {
  const contextTokens = Math.min(wanted.contextTokens, about.context || wanted.contextTokens);
  const memory = size + contextTokens * about.cacheBytesPerToken + OVERHEAD;
  const { deviceMemory, connection } = navigator as { deviceMemory?: number; connection?: { downlink?: number } };
  const megabits = connection?.downlink;
  const device = wanted.device ?? (await likelyDevice());
  let why = '';
  // On a graphics adapter the weights lie outside of the page's memory; how much there is, no page is told.
  const fits = memory <= CPU_MEMORY || device === 'gpu';
  if (!fits) why = `It needs ${gb(memory)} of memory, and a page can have ${gb(CPU_MEMORY)}.`;
  // Browsers tell at most 8 GiB, in coarse steps.
  else if (deviceMemory !== undefined && memory > (deviceMemory * 2 ** 30) / 2) {
    why = `It needs ${gb(memory)} of memory; this device has ${deviceMemory >= 8 ? 'at least ' : ''}${deviceMemory} GB.`;
  }
  return {
    name: wanted.name,
    bytes: download,
    memory,
    contextTokens,
    fits,
    why,
    seconds: megabits ? (download * 8) / (megabits * 1e6) : null,
    device,
    about,
  };
}

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
