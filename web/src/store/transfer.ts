import { KinoraError } from '../errors.js';
import { CHUNK, chunkBytes, chunkCount, room, sha256 } from './chunks.js';
import type { Feed } from './feed.js';
import type { Pieces } from './journal.js';
import { refuseImpostor } from './sniff.js';
import { chunksOf } from './stream.js';

/** A file of a model as it is read: from an address, or from one that the user gave. */
export interface PartReader {
  /** What it is called in messages. */
  readonly url: string;
  readonly bytes: number | null;
  readonly version: string | null;
  /** `came` is told the bytes as they come; they lie in `buffer` where one is given that has room. */
  read(from: number, to: number, came: (bytes: number) => void, buffer?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/** Where the pieces go. */
export interface Sink {
  /** The pieces that are there already, checked. */
  readonly pieces: Pieces;
  /** Whether it notes the hash of each piece; where not, only given ones are compared. */
  readonly notes: boolean;
  put(part: number, piece: number, bytes: Uint8Array<ArrayBuffer>, hash: string | undefined): Promise<void>;
}

/** Bytes by which a file is recognised. */
const HEAD = 512;

/** A local file, read like one at an address. */
export class BlobFile implements PartReader {
  readonly bytes: number;
  readonly version = null;

  private constructor(
    private readonly blob: Blob,
    readonly url: string,
  ) {
    this.bytes = blob.size;
  }

  /** Refuses what is no GGUF file by its first bytes. */
  static async open(blob: Blob, name: string): Promise<BlobFile> {
    refuseImpostor(name, new Uint8Array(await blob.slice(0, HEAD).arrayBuffer()));
    return new BlobFile(blob, name);
  }

  async read(
    from: number,
    to: number,
    came: (bytes: number) => void,
    buffer?: ArrayBuffer,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const slice = this.blob.slice(from, to);
    const into = room(slice.size, buffer);
    const next = chunksOf(slice.stream());
    for (let at = 0; at < into.length; ) {
      const chunk = await next();
      if (!chunk) throw misfit(this.url, from + at, this.bytes);
      into.set(chunk, at);
      at += chunk.length;
      came(chunk.length);
    }
    return into;
  }

  close(): void {
    // nothing is open
  }
}

/** Reads the first pieces of a part ahead, for who wants to see the header first. Each byte is read once. */
export class Ahead implements PartReader {
  private readonly kept: (Uint8Array<ArrayBuffer> | undefined)[] = [];

  constructor(
    private readonly part: PartReader,
    /** The size, where only the header says it. */
    private size: number | null = part.bytes,
  ) {}

  get url(): string {
    return this.part.url;
  }
  get bytes(): number | null {
    return this.part.bytes ?? this.size;
  }
  get version(): string | null {
    return this.part.version;
  }

  /** The size as the header has it, for servers that do not say. */
  set told(bytes: number) {
    this.size = bytes;
  }

  /** At least `bytes` from the beginning, fewer where the file ends. */
  async head(bytes: number, came: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
    while (this.kept.length * CHUNK < bytes) {
      const from = this.kept.length * CHUNK;
      const piece = await this.part.read(from, from + CHUNK, came);
      this.kept.push(piece);
      if (piece.length < CHUNK) break;
    }
    const kept = this.kept.filter((piece) => piece !== undefined);
    const [first] = kept;
    if (first && kept.length === 1) return first;
    return new Uint8Array(await new Blob(kept).arrayBuffer());
  }

  async read(
    from: number,
    to: number,
    came: (bytes: number) => void,
    buffer?: ArrayBuffer,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const i = from / CHUNK;
    const kept = this.kept[i];
    if (!kept) return this.part.read(from, to, came, buffer);
    this.kept[i] = undefined; // wanted once
    return kept;
  }

  close(): void {
    this.part.close();
  }
}

/**
 * Brings every piece that is not there to the sink, one after the other. The next one is asked for when the one before is
 * written and noted, so that a crash costs one piece at most. `given`: the hashes that the pieces must have, where they are known. Resolves with the size of each part.
 */
export async function fetchPieces(
  parts: readonly PartReader[],
  sink: Sink,
  given: Pieces | undefined,
  came: (bytes: number) => void,
  feed?: Feed,
): Promise<number[]> {
  const sizes: number[] = [];
  let buffer: ArrayBuffer | undefined;
  for (const [p, part] of parts.entries()) {
    let size = part.bytes;
    for (let i = 0; size === null || i < chunkCount(size); i++) {
      if (sink.pieces[p]?.[i] !== undefined) continue;
      const bytes = await part.read(i * CHUNK, (i + 1) * CHUNK, came, buffer);
      if (size === null && bytes.length < CHUNK) size = i * CHUNK + bytes.length;
      if (size !== null && bytes.length !== chunkBytes(size, i)) throw misfit(part.url, i * CHUNK + bytes.length, size);
      if (bytes.length === 0) break;
      const wanted = given?.[p]?.[i];
      const hash = sink.notes || wanted !== undefined ? await sha256(bytes) : undefined;
      if (hash !== undefined && wanted !== undefined && hash !== wanted) throw mismatch(part.url, i * CHUNK);
      await sink.put(p, i, bytes, hash);
      buffer = feed ? await feed.piece(i, bytes) : bytes.buffer;
    }
    sizes.push(size ?? 0);
  }
  return sizes;
}

/** A file that ends before its size, or goes on behind it. */
function misfit(url: string, have: number, need: number): KinoraError {
  const short = have < need;
  return new KinoraError({
    code: short ? 'download_truncated' : 'download_limit',
    stage: 'download',
    retryable: short,
    message: short
      ? `${url} ended after ${have} of ${need} bytes.`
      : `${url} goes on behind the ${need} bytes of its model.`,
    hint: 'Try again. If it stays so, the file on the server is damaged.',
    details: { have, need },
  });
}

/** Bytes that are not those that the manifest or the given hash has. */
export function mismatch(url: string, at: number): KinoraError {
  return new KinoraError({
    code: 'checksum_mismatch',
    stage: 'verify',
    retryable: true,
    message: `${url} is not the file that was expected: the bytes from ${at} on have another SHA-256.`,
    hint: 'Try again. If it stays so, the server has a damaged or another file.',
  });
}
