// The journal of a download: a record for each piece that lies on the disk. A file's length proves nothing (unflushed writes
// survive a crash at full length), so a piece is there when its record is, and only if its bytes have the record's hash.

import { hex } from './chunks.js';

const RECORD = 40; // u32 part, u32 piece, 32 bytes SHA-256, little-endian

/** The hashes of the pieces that are there: `pieces[part][piece]`. */
export type Pieces = (string | undefined)[][];

export function record(part: number, piece: number, sha256: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RECORD);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, part, true);
  view.setUint32(4, piece, true);
  for (let i = 0; i < 32; i++) bytes[8 + i] = Number.parseInt(sha256.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Reads a journal; a record cut off by a crash, or of a piece that the model does not have, is passed over. The last one of a piece counts. */
export function readJournal(bytes: Uint8Array, counts: readonly number[]): Pieces {
  const pieces: Pieces = counts.map(() => []);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + RECORD <= bytes.length; at += RECORD) {
    const part = view.getUint32(at, true);
    const piece = view.getUint32(at + 4, true);
    const row = pieces[part];
    if (row && piece < (counts[part] ?? 0)) row[piece] = hex(bytes.subarray(at + 8, at + RECORD));
  }
  return pieces;
}
