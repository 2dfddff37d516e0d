import { KinoraError } from '../errors.js';
import type { FromEngine, ToEngine } from '../internal/protocol.js';
import { CHUNK } from '../store/chunks.js';
import { AHEAD } from '../store/feed.js';

/** A file that the store sends piece by piece. The engine reads what has come, and what it has read is let go. */
export class Incoming {
  size = 0;
  /** Bytes from the beginning of the file in which its header lies. */
  header = 0;
  /** Becomes true where another file took the place of the one that was coming. */
  stale = false;
  private readonly pieces = new Map<number, Uint8Array<ArrayBuffer>>();
  /** All pieces before this one have come. */
  private whole = 0;
  private ended = false;
  private wake = (): void => undefined;

  constructor(
    private readonly port: MessagePort,
    private readonly signal: AbortSignal,
  ) {
    port.onmessage = ({ data }: MessageEvent<ToEngine>) => this.receive(data);
    signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  /** Resolves when the first `bytes` have come, `false` where the file became stale; before it is known what comes, 0 waits for that. */
  async until(bytes: number): Promise<boolean> {
    this.send({ type: 'want', to: bytes + AHEAD * CHUNK });
    for (;;) {
      this.signal.throwIfAborted();
      if (this.stale) return false;
      if (this.size > 0 && Math.min(this.whole * CHUNK, this.size) >= Math.min(bytes, this.size)) return true;
      if (this.ended) throw cutOff();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Fills `into` with the bytes from `offset` on. */
  read(offset: number, into: Uint8Array): void {
    for (let at = 0; at < into.length; ) {
      const i = Math.floor((offset + at) / CHUNK);
      const piece = this.pieces.get(i);
      const part = piece?.subarray(offset + at - i * CHUNK, offset + into.length - i * CHUNK);
      if (!part?.length) throw new RangeError(`byte ${offset + at} of the file is not here`);
      into.set(part, at);
      at += part.length;
    }
  }

  /** Gives the pieces back that lie before `bytes`. */
  release(bytes: number): void {
    for (const [i, { buffer, length }] of this.pieces) {
      if ((i + 1) * CHUNK > bytes && i * CHUNK + length > bytes) continue;
      this.pieces.delete(i);
      this.send({ type: 'back', buffer }, [buffer]);
    }
  }

  /** Begins anew with the file that took the other's place. */
  renew(): void {
    this.stale = false;
  }

  /** Takes no more. */
  close(): void {
    this.pieces.clear();
    this.send({ type: 'close' });
    this.port.close();
  }

  private receive(message: ToEngine): void {
    switch (message.type) {
      case 'file':
        this.size = message.size;
        this.header = message.header;
        break;
      case 'piece':
        this.pieces.set(message.at / CHUNK, message.bytes);
        while (this.pieces.has(this.whole)) this.whole += 1;
        break;
      case 'again':
        this.release(Number.POSITIVE_INFINITY);
        this.size = 0;
        this.whole = 0;
        this.stale = true;
        break;
      case 'end':
        this.ended = true;
    }
    this.wake();
  }

  private send(message: FromEngine, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
}

/** The store says more exactly what happened; this is what the engine knows. */
function cutOff(): KinoraError {
  return new KinoraError({
    code: 'download_stopped',
    stage: 'load',
    retryable: true,
    message: 'The model did not come to its end.',
    hint: 'Load it again: it goes on where it stopped.',
  });
}
