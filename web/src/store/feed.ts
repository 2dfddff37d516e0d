import type { FromEngine, ToEngine } from '../internal/protocol.js';
import { CHUNK } from './chunks.js';

/** Pieces that may wait at the engine beyond those that it needs next. */
export const AHEAD = 1;

/**
 * Gives the pieces of a file to the engine while they come, so that it reads them meanwhile and nothing keeps them. Buffers go
 * back and forth: one that the browser has seen is held until the collector comes, so each new one would add to the memory.
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

  /**
   * Hands over piece `i`, whose buffer is gone then; waits until the engine has room for it. Resolves with a buffer for another
   * piece, where there is one.
   */
  async piece(i: number, bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer | undefined> {
    while (!this.over && i * CHUNK >= this.want) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (this.over || this.sent.has(i)) return bytes.buffer;
    this.sent.add(i);
    this.post({ type: 'piece', at: i * CHUNK, bytes }, [bytes.buffer]);
    return this.spare.pop();
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

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private post(message: ToEngine, transfer: Transferable[] = []): void {
    if (!this.over) this.port.postMessage(message, transfer);
  }
}
