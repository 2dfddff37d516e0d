import { KinoraError } from '../errors.js';
import type { TextChoice } from '../internal/protocol.js';
import type { ModelAbout, Progress, StoredModel } from '../types.js';
import type { Header } from '../worker/engine.js';
import { CHUNK, chunkCount } from './chunks.js';
import { Disk, type Folder, folderKey, isNamed, type Manifest, quotaExceeded, type Source } from './disk.js';
import { changing, denied, failed, gone, refused, unsized } from './errors.js';
import type { Feed } from './feed.js';
import { HttpFile } from './http.js';
import { alone, ifFree, Teller } from './locks.js';
import { Meter } from './meter.js';
import { Changed, type Net } from './patience.js';
import { DiskSink, EngineSink, MemorySink } from './sinks.js';
import { refuseOther } from './sniff.js';
import { Ahead, BlobFile, fetchPieces, type PartReader } from './transfer.js';
import { bytesOf, verified, whole } from './verify.js';

/** A model to be had: from addresses, or from files that the user gave and that shall be kept. */
export interface Wanted {
  name: string;
  /** One address a part. */
  urls: string[];
  /** One file a part; `urls` is empty then. */
  files: Blob[];
  storage: 'auto' | 'opfs' | 'memory';
  /** The hash of every 8 MiB piece of each part, where it is known. */
  pieces?: string[][];
  timeoutMs: number;
  /** The key of the model that this one is an adapter of. */
  adapterOf?: string;
  /** Of one that is here already. */
  key?: string;
}
export interface Obtained {
  model: StoredModel;
  /** The files: from the disk they are read piece by piece, nothing of them lies in memory. */
  parts: Blob[];
}

/** Reads a GGUF header: what it says and, with a `choice`, what the model takes; or how many bytes of it are needed. Throws what is wrong with it. */
export type ReadHeader = (
  head: Uint8Array<ArrayBuffer>,
  bytes: number | null,
  choice?: TextChoice,
) => Promise<{ need: number } | Header>;

/** A file that changes at the server while it is fetched is begun again so many times. */
const RESTARTS = 1;

/** Models that live in this worker's memory, by their folder key. */
const inMemory = new Map<string, Obtained>();

/**
 * Brings a model here, or finds it here; what is on the disk is checked before it is handed out. `feed` gets the pieces of a model of
 * one part while they come: in memory nothing is kept then.
 */
export async function obtain(
  wanted: Wanted,
  readHeader: ReadHeader,
  signal: AbortSignal,
  report: (progress: Progress) => void,
  feed?: Feed,
): Promise<Obtained> {
  const known = wanted.key === undefined ? undefined : inMemory.get(wanted.key);
  if (known) return known;
  const meter = new Meter(wanted.name, report);
  const net: Net = { signal, timeoutMs: wanted.timeoutMs, waiting: (text) => meter.waiting(text) };
  const disk = wanted.storage === 'memory' ? 'Memory was asked for.' : await Disk.open();
  if (typeof disk === 'string') {
    if (wanted.storage === 'opfs') throw denied(disk);
    return restarting(() => toMemory(wanted, readHeader, net, meter, disk, feed), feed);
  }
  const key = wanted.key ?? (await folderKey(identity(wanted)));
  if (wanted.key !== undefined && !(await disk.has(key))) throw gone(wanted.name);
  try {
    const folder = await disk.folder(key);
    const manifest = await folder.manifest();
    if (manifest) {
      const sound = await check(folder, manifest, manifest.pieces, signal, meter, feed);
      if (whole(manifest.bytes, sound)) return fromDisk(folder, manifest);
    }
    return await alone(
      folder.key,
      signal,
      (elsewhere) => meter.elsewhere(elsewhere),
      () => restarting(() => toDisk(folder, wanted, readHeader, net, meter, feed), feed),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (isNamed(error, 'QuotaExceededError')) throw await full(disk, key, wanted, net);
    throw error instanceof DOMException ? failed(error) : error;
  }
}

const identity = ({ name, urls, files, adapterOf }: Wanted): string => {
  const own = urls[0] ?? `file:${name}:${files.map(({ size }) => size).join(',')}`;
  return adapterOf === undefined ? own : `${own} of ${adapterOf}`;
};

async function restarting<T>(work: () => Promise<T>, feed: Feed | undefined): Promise<T> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Changed)) throw error;
      if (restarts >= RESTARTS) throw changing(error);
      feed?.again();
    }
  }
}

/** As the only writer of this folder: goes on where it was left, or begins. */
async function toDisk(
  folder: Folder,
  wanted: Wanted,
  readHeader: ReadHeader,
  net: Net,
  meter: Meter,
  feed: Feed | undefined,
): Promise<Obtained> {
  const { signal } = net;
  const manifest = await folder.manifest();
  let source = manifest ?? (await folder.source());
  const sound = source
    ? await check(folder, source, manifest?.pieces ?? (await folder.pieces(source.bytes)), signal, meter, feed)
    : [];
  if (source && whole(source.bytes, sound)) return complete(folder, source, sound as string[][]);
  if (wanted.urls.length + wanted.files.length === 0) throw gone(wanted.name);
  const parts = await openParts(wanted, net);
  const teller = new Teller(folder.key);
  const sink = new DiskSink(folder, sound);
  try {
    if (source && !same(source, parts)) {
      // Another file stands at the address now: of the old one nothing can be used.
      await folder.clear();
      feed?.again();
      source = undefined;
      sink.pieces.length = 0;
    }
    const total = sizes(parts);
    meter.begin('download', total, source ? bytesOf(source.bytes, sink.pieces) : 0);
    const came = (bytes: number): void => {
      meter.add(bytes);
      teller.tell(meter.loaded, meter.total);
    };
    if (!source) {
      source = await begin(folder, wanted, parts, readHeader, came, meter);
      for (const _ of source.bytes) sink.pieces.push([]);
    }
    announce(feed, source);
    const need = source.bytes.reduce((sum, size) => sum + size, 0) - bytesOf(source.bytes, sink.pieces);
    const { quota, usage } = await navigator.storage.estimate();
    if (quota !== undefined && usage !== undefined && need > quota - usage) {
      throw new DOMException('The model needs more than there is.', 'QuotaExceededError');
    }
    await fetchPieces(parts, sink, wanted.pieces ?? manifest?.pieces, came, feed);
    await sink.trim(source.bytes);
    return await complete(folder, source, sink.pieces as string[][]);
  } catch (error) {
    if (error instanceof Changed) {
      sink.close();
      await folder.clear();
    }
    throw error;
  } finally {
    teller.close();
    sink.close();
    for (const part of parts) part.close();
  }
}

/** Looks at the header before a byte is stored, then notes what is going to be stored. */
async function begin(
  folder: Folder,
  wanted: Wanted,
  parts: Ahead[],
  readHeader: ReadHeader,
  came: (bytes: number) => void,
  meter: Meter,
): Promise<Source> {
  const { about, header } = await headerOf(parts, readHeader, came);
  refuseOther(wanted, about);
  const bytes = parts.map((part) => part.bytes);
  if (!bytes.every((size) => size !== null)) throw unsized(wanted.name);
  meter.total = sizes(parts);
  const source: Source = {
    version: 1,
    name: wanted.name,
    urls: wanted.urls,
    bytes,
    versions: parts.map((part) => part.version),
    added: Date.now(),
    about,
    header,
    ...(wanted.adapterOf === undefined ? {} : { adapterOf: wanted.adapterOf }),
  };
  await folder.write('source.json', source);
  return source;
}

async function headerOf(
  parts: Ahead[],
  readHeader: ReadHeader,
  came: (bytes: number) => void,
): Promise<{ about: ModelAbout; header: number }> {
  const [first] = parts;
  if (!first) throw unsized('The model');
  for (let need = CHUNK; ; ) {
    const head = await first.head(need, came);
    const read = await readHeader(head, first.bytes).catch((error: unknown) => {
      throw refused(first.url, error);
    });
    if ('about' in read) {
      first.told = read.bytes;
      return read;
    }
    need = read.need;
  }
}

async function complete(folder: Folder, source: Source, pieces: string[][]): Promise<Obtained> {
  const manifest: Manifest = { ...source, pieces };
  await folder.write('manifest.json', manifest);
  return fromDisk(folder, manifest);
}

async function fromDisk(folder: Folder, manifest: Manifest): Promise<Obtained> {
  const files = await Promise.all(manifest.bytes.map((_, p) => folder.file(`part-${p}`)));
  if (!files.every((file) => file !== undefined)) {
    throw failed(new DOMException('a file is gone', 'NotFoundError'));
  }
  return { model: described(folder.key, manifest, 'disk', total(manifest)), parts: files };
}

async function toMemory(
  wanted: Wanted,
  readHeader: ReadHeader,
  net: Net,
  meter: Meter,
  why: string,
  feed: Feed | undefined,
): Promise<Obtained> {
  const key = identity(wanted);
  const known = inMemory.get(key);
  if (known) {
    await refeed(feed, known, net.signal);
    return known;
  }
  const parts = await openParts(wanted, net);
  const sink = feed ? new EngineSink() : new MemorySink();
  try {
    const came = (bytes: number): void => meter.add(bytes);
    meter.begin('download', sizes(parts), 0);
    const { about, header } = await headerOf(parts, readHeader, came);
    refuseOther(wanted, about);
    meter.total = sizes(parts);
    if (meter.total !== null) feed?.begin(meter.total, header);
    const bytes = await fetchPieces(parts, sink, wanted.pieces, came, feed);
    const source: Source = {
      version: 1,
      name: wanted.name,
      urls: wanted.urls,
      bytes,
      versions: parts.map((part) => part.version),
      added: Date.now(),
      about,
      header,
      ...(wanted.adapterOf === undefined ? {} : { adapterOf: wanted.adapterOf }),
    };
    const model = { ...described(key, source, 'memory', total(source)), why };
    if (sink instanceof EngineSink) return { model, parts: [] };
    const obtained = { model, parts: sink.files(bytes) };
    inMemory.set(key, obtained);
    return obtained;
  } finally {
    for (const part of parts) part.close();
  }
}

async function check(
  folder: Folder,
  source: Source,
  pieces: (string | undefined)[][],
  signal: AbortSignal,
  meter: Meter,
  feed: Feed | undefined,
): Promise<(string | undefined)[][]> {
  meter.begin('verify', bytesOf(source.bytes, pieces), 0);
  announce(feed, source);
  return verified(folder, source.bytes, pieces, signal, (bytes) => meter.add(bytes), feed);
}

/** Tells the engine what comes; of a file stored without its header's length it waits for all. */
function announce(feed: Feed | undefined, { bytes, header }: Source): void {
  const [size = 0] = bytes;
  feed?.begin(size, header ?? size);
}

/** A model that lies in memory goes to the engine as one that is coming. */
async function refeed(feed: Feed | undefined, { model, parts: [file] }: Obtained, signal: AbortSignal): Promise<void> {
  if (!feed || !file) return;
  feed.begin(model.bytes, model.bytes);
  for (let i = 0; i < chunkCount(file.size); i++) {
    signal.throwIfAborted();
    await feed.piece(i, new Uint8Array(await file.slice(i * CHUNK, (i + 1) * CHUNK).arrayBuffer()));
  }
}

async function openParts(wanted: Wanted, net: Net): Promise<Ahead[]> {
  const parts: PartReader[] = [];
  try {
    for (const file of wanted.files) parts.push(await BlobFile.open(file, wanted.name));
    for (const url of wanted.files.length > 0 ? [] : wanted.urls) parts.push(await HttpFile.open(url, net));
  } catch (error) {
    for (const part of parts) part.close();
    throw error;
  }
  return parts.map((part) => new Ahead(part));
}

function sizes(parts: readonly PartReader[]): number | null {
  return parts.reduce<number | null>((sum, { bytes }) => (sum === null || bytes === null ? null : sum + bytes), 0);
}

const same = (source: Source, parts: readonly PartReader[]): boolean =>
  source.bytes.length === parts.length &&
  parts.every(
    ({ bytes, version }, i) =>
      (bytes === null || bytes === source.bytes[i]) &&
      (version === null || source.versions[i] === null || version === source.versions[i]),
  );

const total = ({ bytes }: Source): number => bytes.reduce((sum, size) => sum + size, 0);

function described(key: string, source: Source, stored: StoredModel['stored'], have: number): StoredModel {
  const { name, urls, added, adapterOf } = source;
  // Versions before adapters stored models that write text, and did not say so.
  const about: ModelAbout = { ...source.about, kind: source.about.kind ?? 'text' };
  const model = { name, key, bytes: total(source), have, stored, urls, added, about };
  return adapterOf === undefined ? model : { ...model, adapterOf };
}

/** Every model that is on the disk, whole or in part, and those in this worker's memory. */
export async function list(): Promise<StoredModel[]> {
  const found = [...inMemory.values()].map(({ model }) => model);
  const disk = await Disk.open();
  for (const folder of typeof disk === 'string' ? [] : await disk.folders()) {
    const manifest = await folder.manifest();
    const source = manifest ?? (await folder.source());
    if (!source) continue;
    const have = manifest ? total(manifest) : bytesOf(source.bytes, await folder.pieces(source.bytes));
    found.push(described(folder.key, source, 'disk', have));
  }
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

/** The SHA-256 of every piece of a model that is whole, for who wants to give them to others. */
export async function pieces(key: string): Promise<string[][]> {
  const disk = await Disk.open();
  const manifest = typeof disk === 'string' ? undefined : await (await disk.folder(key)).manifest();
  return manifest?.pieces ?? [];
}

/** The first part of a model that is whole on the disk. */
export async function file(key: string): Promise<File | undefined> {
  const disk = await Disk.open();
  return typeof disk === 'string' ? undefined : (await disk.folder(key)).file('part-0');
}

/** Frees the space of a model. Whoever runs it goes on; it is fetched again at the next load. */
export async function remove(key: string): Promise<void> {
  if (inMemory.delete(key)) return;
  const disk = await Disk.open();
  if (typeof disk === 'string') throw denied(disk);
  try {
    if (await ifFree(key, () => disk.remove(key))) return;
  } catch (error) {
    throw failed(error);
  }
  throw new KinoraError({
    code: 'model_busy',
    stage: 'delete',
    retryable: true,
    message: 'The model is being downloaded, here or in another tab.',
    hint: 'Stop the download first.',
  });
}

/** What is missing, and which other models could make room. */
async function full(disk: Disk, key: string, wanted: Wanted, net: Net): Promise<KinoraError> {
  const others: string[] = [];
  let have = 0;
  let need: number | undefined;
  for (const folder of await disk.folders()) {
    const source = (await folder.manifest()) ?? (await folder.source());
    if (!source) continue;
    if (folder.key !== key) others.push(source.name);
    else {
      need = total(source);
      have = bytesOf(source.bytes, await folder.pieces(source.bytes));
    }
  }
  if (need === undefined) {
    const parts = await openParts(wanted, net);
    need = sizes(parts) ?? 0;
    for (const part of parts) part.close();
  }
  return quotaExceeded(need - have, others);
}
