import { CHUNK, chunkCount } from './chunks.js';
import { type Folder, type SyncHandle, writeAll } from './disk.js';
import { type Pieces, record } from './journal.js';
import type { Sink } from './transfer.js';

/** Pieces go to the disk: the bytes first, then their record in the journal. */
export class DiskSink implements Sink {
  readonly notes = true;
  private readonly open = new Map<string, SyncHandle>();

  constructor(
    private readonly folder: Folder,
    readonly pieces: Pieces,
  ) {}

  async put(part: number, piece: number, bytes: Uint8Array<ArrayBuffer>, hash = ''): Promise<void> {
    writeAll(await this.handle(`part-${part}`), bytes, piece * CHUNK);
    const journal = await this.handle('journal');
    writeAll(journal, record(part, piece, hash), journal.getSize());
    const row = this.pieces[part] ?? [];
    this.pieces[part] = row;
    row[piece] = hash;
  }

  /** Cuts off what lies behind the end of a part. */
  async trim(bytes: readonly number[]): Promise<void> {
    for (const [part, size] of bytes.entries()) {
      const handle = await this.handle(`part-${part}`);
      if (handle.getSize() > size) {
        handle.truncate(size);
        handle.flush();
      }
    }
  }

  close(): void {
    for (const handle of this.open.values()) handle.close();
    this.open.clear();
  }

  private async handle(name: string): Promise<SyncHandle> {
    const known = this.open.get(name);
    if (known) return known;
    const handle = await this.folder.open(name);
    this.open.set(name, handle);
    return handle;
  }
}

/** Pieces go to the engine alone. */
export class EngineSink implements Sink {
  readonly notes = false;
  readonly pieces: Pieces = [];

  async put(): Promise<void> {
    // who brings the pieces feeds the engine
  }
}

/** Pieces stay in memory, outside the engine's: the browser may move them to its own temporary files. */
export class MemorySink implements Sink {
  readonly notes = false;
  readonly pieces: Pieces = [];
  private readonly parts: Blob[][] = [];

  async put(part: number, piece: number, bytes: Uint8Array<ArrayBuffer>, hash = ''): Promise<void> {
    this.parts[part] ??= [];
    (this.parts[part] as Blob[])[piece] = new Blob([bytes]);
    this.pieces[part] ??= [];
    (this.pieces[part] as string[])[piece] = hash;
  }

  /** The files, as they came. */
  files(bytes: readonly number[]): Blob[] {
    return bytes.map((size, p) => new Blob((this.parts[p] ?? []).slice(0, chunkCount(size))));
  }
}
