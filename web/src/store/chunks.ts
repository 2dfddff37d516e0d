/** Model files are fetched, checked and repaired in pieces of 8 MiB; the last one of a file is shorter. */
export const CHUNK = 8 * 1024 * 1024;

/** Pieces of a file of so many bytes. */
export const chunkCount = (bytes: number): number => Math.ceil(bytes / CHUNK);

/** Bytes of piece `i` of a file of so many bytes. */
export const chunkBytes = (bytes: number, i: number): number => Math.max(0, Math.min(CHUNK, bytes - i * CHUNK));

/** Room for so many bytes: in `buffer`, where it has it. */
export function room(bytes: number, buffer?: ArrayBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer && buffer.byteLength >= bytes ? buffer : new ArrayBuffer(bytes), 0, bytes);
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The SHA-256 of `bytes` as hexadecimal; undefined in pages that are not a secure context, where there is no WebCrypto. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  if (!globalThis.crypto.subtle) return undefined;
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
