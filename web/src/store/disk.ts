import { KinoraError } from '../errors.js';
import type { StoredModel } from '../types.js';
import { chunkCount, hex } from './chunks.js';
import { type Pieces, readJournal } from './journal.js';

// One folder a model in the origin's private file system:
//   source.json    what is being fetched, from where (written before any byte of it)
//   journal        the pieces that are there, with their hashes (journal.ts)
//   part-0 …       the files
//   manifest.json  source.json and all hashes: there when the model is whole

/** What a folder knows of its model. */
export interface Source {
  version: 1;
  name: string;
  /** Where the parts come from; empty for files that the user gave. */
  urls: string[];
  /** Bytes of each part. */
  bytes: number[];
  /** What tells this version of each part at the server from another; null where the server does not say. */
  versions: (string | null)[];
  added: number;
  /** What the GGUF header says. */
  about: StoredModel['about'];
  /** Where the weights begin, in bytes from the beginning of the first part. */
  header?: number;
  /** The key of the model that this one is an adapter of. */
  adapterOf?: string;
}
/** A model that is there: the hash of every piece. */
export interface Manifest extends Source {
  pieces: string[][];
}

/** Files as workers may write them; the DOM library knows them in worker scopes only. */
interface SyncHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(from: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}
type Opens = FileSystemFileHandle & { createSyncAccessHandle(options?: { mode: 'read-only' }): Promise<SyncHandle> };

/** A file that lies on the disk, as it is read. */
export interface Reader {
  /** Fills `into` with the bytes from `at` on; gives how many there are. */
  read(into: Uint8Array<ArrayBuffer>, at: number): Promise<number>;
  close(): void;
}

const ROOT = 'kinora-models';
const HANDLE_WAIT_MS = 3000;

/** The models in the origin's private file system. */
export class Disk {
  private constructor(private readonly root: FileSystemDirectoryHandle) {}

  /** The disk, or in words why there is none. */
  static async open(): Promise<Disk | string> {
    try {
      if (!navigator.storage?.getDirectory) return 'This page is not served securely (https), so it has no storage.';
      const top = await navigator.storage.getDirectory();
      const root = await top.getDirectoryHandle(ROOT, { create: true });
      return new Disk(root);
    } catch {
      return 'This browser gives the page no storage.';
    }
  }

  /** The folder of a model; its name is a hash, whatever the model is called. */
  async folder(key: string): Promise<Folder> {
    return new Folder(key, await this.root.getDirectoryHandle(key, { create: true }));
  }

  /** Whether a model has a folder. */
  async has(key: string): Promise<boolean> {
    return this.root.getDirectoryHandle(key).then(
      () => true,
      () => false,
    );
  }

  /** All folders. */
  async folders(): Promise<Folder[]> {
    const found: Folder[] = [];
    const entries = (this.root as unknown as { values(): AsyncIterable<FileSystemHandle> }).values();
    for await (const entry of entries) {
      if (entry.kind === 'directory') found.push(new Folder(entry.name, entry as FileSystemDirectoryHandle));
    }
    return found;
  }

  async remove(key: string): Promise<void> {
    await this.root.removeEntry(key, { recursive: true }).catch((error: unknown) => {
      if (!isNamed(error, 'NotFoundError')) throw error;
    });
  }
}

/** One model's folder. */
export class Folder {
  constructor(
    readonly key: string,
    private readonly handle: FileSystemDirectoryHandle,
  ) {}

  /** What is being fetched into this folder; undefined where it was never begun, or what stands there cannot be read. */
  source(): Promise<Source | undefined> {
    return this.json<Source>('source.json');
  }

  /** The manifest of a model that is whole. */
  async manifest(): Promise<Manifest | undefined> {
    const manifest = await this.json<Manifest>('manifest.json');
    return manifest && Array.isArray(manifest.pieces) ? manifest : undefined;
  }

  /** The pieces whose records stand in the journal. */
  async pieces(bytes: readonly number[]): Promise<Pieces> {
    const file = await this.file('journal');
    return readJournal(file ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array(0), bytes.map(chunkCount));
  }

  /** A file as it lies there; undefined where it does not. */
  async file(name: string): Promise<File | undefined> {
    try {
      return await (await this.handle.getFileHandle(name)).getFile();
    } catch (error) {
      if (isNamed(error, 'NotFoundError')) return undefined;
      throw error;
    }
  }

  /** Opens a file for reading; undefined where it is not there. */
  async reader(name: string): Promise<Reader | undefined> {
    const file = await this.file(name);
    if (!file) return undefined;
    const handle = await readOnly(await this.handle.getFileHandle(name));
    if (handle) return { read: async (into, at) => handle.read(into, { at }), close: () => handle.close() };
    const read = async (into: Uint8Array<ArrayBuffer>, at: number): Promise<number> => {
      const bytes = new Uint8Array(await file.slice(at, at + into.length).arrayBuffer());
      into.set(bytes);
      return bytes.length;
    };
    return { read, close: () => undefined };
  }

  /** Opens a file for writing. After a crash of its last writer the browser frees it within some ten milliseconds. */
  async open(name: string): Promise<SyncHandle> {
    const handle = (await this.handle.getFileHandle(name, { create: true })) as Opens;
    const until = performance.now() + HANDLE_WAIT_MS;
    for (;;) {
      try {
        return await handle.createSyncAccessHandle();
      } catch (error) {
        if (!isNamed(error, 'NoModificationAllowedError') || performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async write(name: string, value: Source | Manifest): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const handle = await this.open(name);
    try {
      handle.truncate(0);
      writeAll(handle, bytes, 0);
    } finally {
      handle.close();
    }
  }

  /** Forgets everything. */
  async clear(): Promise<void> {
    const names: string[] = [];
    const keys = (this.handle as unknown as { keys(): AsyncIterable<string> }).keys();
    for await (const name of keys) names.push(name);
    // The manifest first: what is cleared in part must not look whole.
    names.sort((a, b) => Number(b === 'manifest.json') - Number(a === 'manifest.json'));
    for (const name of names) await this.handle.removeEntry(name);
  }

  private async json<T extends Source>(name: string): Promise<T | undefined> {
    const file = await this.file(name);
    if (!file) return undefined;
    try {
      const value = JSON.parse(await file.text()) as T;
      const sound =
        value?.version === 1 &&
        Array.isArray(value.bytes) &&
        value.bytes.every((n) => Number.isSafeInteger(n) && n > 0);
      return sound && Array.isArray(value.urls) && Array.isArray(value.versions) ? value : undefined;
    } catch {
      return undefined; // cut short by a crash: the journal still stands
    }
  }
}

/**
 * A handle that reads beside others, where this browser has such and nobody writes: what a handle reads lies in the reader's own
 * buffer, while each read of a `File` leaves its bytes to the collector, which does not see how many they are.
 */
async function readOnly(file: FileSystemFileHandle): Promise<SyncHandle | undefined> {
  const kind = (globalThis as { FileSystemSyncAccessHandle?: { prototype: object } }).FileSystemSyncAccessHandle;
  if (!kind || !('mode' in kind.prototype)) return undefined;
  return (file as Opens).createSyncAccessHandle({ mode: 'read-only' }).catch(() => undefined);
}

/** Writes all of it through to the disk, or throws: a full disk takes a part of a write without an error. */
export function writeAll(handle: SyncHandle, bytes: Uint8Array, at: number): void {
  const wrote = handle.write(bytes, { at });
  if (wrote !== bytes.length) throw new DOMException('The disk took a part of the write.', 'QuotaExceededError');
  handle.flush();
}
export type { SyncHandle };

/** The folder's name for a model: the start of the SHA-256 of what identifies it. */
export async function folderKey(identity: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(identity));
  return hex(new Uint8Array(digest, 0, 16));
}

export function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}

/** `quota_exceeded` with the numbers and what can be done. */
export async function quotaExceeded(need: number, others: string[]): Promise<KinoraError> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate().catch(() => ({ quota: 0, usage: 0 }));
  // Where the browser says that there is enough and refuses all the same, nothing can be relied on.
  const free = Math.max(0, quota - usage);
  const have = free < need ? free : 0;
  const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  const remove = others.length > 0 ? `Delete a model that is stored (${others.join(', ')}), or` : 'Free some space, or';
  return new KinoraError({
    code: 'quota_exceeded',
    stage: 'download',
    retryable: false,
    message: `The model needs ${mb(need)} more on this device, and the browser gives this page ${mb(have)}.`,
    hint: `${remove} run it from memory (storage: 'memory'): then it is fetched again at the next visit.`,
    details: { need, have, models: others },
  });
}
