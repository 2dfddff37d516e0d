/** Bytes of a stream that are read at once. */
const READ = 256 * 1024;

/** A stream's bytes as they come. A chunk is good until the next: all lie in the same buffer, for the collector is slow with many. */
export function chunksOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): () => Promise<Uint8Array | undefined> {
  try {
    const reader = body.getReader({ mode: 'byob' });
    let buffer = new ArrayBuffer(READ);
    return async () => {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (!value || done) return undefined;
      buffer = value.buffer;
      return value;
    };
  } catch {
    // Bodies are no byte streams everywhere.
    const reader = body.getReader();
    return async () => (await reader.read()).value;
  }
}
