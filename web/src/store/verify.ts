import { CHUNK, chunkBytes, chunkCount, room, sha256 } from './chunks.js';
import type { Folder } from './disk.js';
import type { Feed } from './feed.js';
import type { Pieces } from './journal.js';

/** Pieces that are read and hashed at the same time: one is hashed while the next is read. */
const AT_ONCE = 3;

/** Which of the pieces that should be there have the bytes that they should; the others are fetched again. */
export async function verified(
  folder: Folder,
  bytes: readonly number[],
  pieces: Pieces,
  signal: AbortSignal,
  done: (bytes: number) => void,
  feed?: Feed,
): Promise<Pieces> {
  const sound: Pieces = bytes.map(() => []);
  for (const [p, size] of bytes.entries()) {
    const file = await folder.reader(`part-${p}`);
    let next = 0;
    const work = async (): Promise<void> => {
      let buffer: ArrayBuffer | undefined;
      while (next < chunkCount(size)) {
        const i = next;
        next += 1;
        signal.throwIfAborted();
        const wanted = pieces[p]?.[i];
        if (!file || wanted === undefined) continue;
        const data = room(chunkBytes(size, i), buffer);
        buffer = data.buffer;
        // A file that is written by another tab meanwhile cannot be read: its piece counts as not there.
        const have = await file.read(data, i * CHUNK).catch(() => 0);
        if (have === data.length && (await sha256(data)) === wanted) {
          (sound[p] as string[])[i] = wanted;
          if (feed) buffer = await feed.piece(i, data);
        }
        done(chunkBytes(size, i));
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    } finally {
      file?.close();
    }
  }
  return sound;
}

/** Bytes of the pieces that are there. */
export function bytesOf(bytes: readonly number[], pieces: Pieces): number {
  return bytes.reduce(
    (sum, size, p) => sum + (pieces[p] ?? []).reduce((part, hash, i) => part + (hash ? chunkBytes(size, i) : 0), 0),
    0,
  );
}

/** Whether every piece is there. */
export const whole = (bytes: readonly number[], pieces: Pieces): boolean =>
  bytes.every((size, p) => Array.from({ length: chunkCount(size) }, (_, i) => pieces[p]?.[i]).every(Boolean));
