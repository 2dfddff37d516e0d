import type { FromEngine, ToEngine } from '../internal/protocol.js';
import { CHUNK } from './chunks.js';

/** Pieces that may wait at the engine beyond those that it needs next. */
export const AHEAD = 1;

/** Frees the memory of a buffer that nobody reads any more: at once, where the browser can. */
export function free(buffer: ArrayBuffer): void {
  (buffer as { transfer?(length: number): ArrayBuffer }).transfer?.(0);
}

/**
 * Gives the pieces of a file to the engine while they come, so that it reads them meanwhile and nothing keeps them. Buffers go
 * back and forth: one that was sent is held by its message until the collector comes, so each new one would add to the memory.
 */
export class Feed {
  private readonly sent = new Set<number>();
  /** The engine takes pieces that begin before this. */
  private want = AHEAD * CHUNK;
  private waiting: (() => void)[] = [];
  private readonly spare: ArrayBuffer[] = [];
  private told = false;
  private over = false;

  constructor(
    private readonly port: MessagePort,
    signal: AbortSignal,
  ) {
    port.onmessage = ({ data }: MessageEvent<FromEngine>) => {
      if (data.type === 'want') this.want = Math.max(this.want, data.to);
      else if (data.type === 'back') this.spare.push(data.buffer);
      else this.over = true;
      this.wake();
    };
    signal.addEventListener('abort', () => this.close(), { once: true });
  }

  /** The file that is coming: its size, and where its header ends. */
  begin(size: number, header: number): void {
    if (this.told) return;
    this.told = true;
    this.post({ type: 'file', size, header });
  }

  /** Hands over piece `i`, whose buffer is gone then; waits until the engine has room for it. */
  async piece(i: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    while (!this.over && i * CHUNK >= this.want) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (this.over || this.sent.has(i)) return;
    this.sent.add(i);
    const carrier = this.carried(bytes);
    this.post({ type: 'piece', at: i * CHUNK, bytes: carrier }, [carrier.buffer]);
  }

  /** Another file stands at the address now: what was sent is worth nothing. */
  again(): void {
    this.sent.clear();
    this.told = false;
    this.want = AHEAD * CHUNK;
    this.post({ type: 'again' });
  }

  /** Nothing will come any more. */
  close(): void {
    this.over = true;
    this.wake();
    this.port.postMessage({ type: 'end' } satisfies ToEngine);
  }

  /** The bytes in a buffer that came back, or in their own where there is none. */
  private carried(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const buffer = this.spare.pop();
    if (!buffer) return bytes;
    const copy = new Uint8Array(buffer, 0, bytes.length);
    copy.set(bytes);
    free(bytes.buffer);
    return copy;
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private post(message: ToEngine, transfer: Transferable[] = []): void {
    if (!this.over) this.port.postMessage(message, transfer);
  }
}
