import { KinoraError } from '../errors.js';

/** What a transfer needs to know of its surroundings. */
export interface Net {
  signal: AbortSignal;
  /** Milliseconds without bytes after which a connection is given up. */
  timeoutMs: number;
  /** Says in a sentence what is waited for; undefined when the waiting is over. */
  waiting(text: string | undefined): void;
}

/** The file at the server is not the one that it was: what is there is of no more use. */
export class Changed extends Error {}

const RETRIES = 3;
const FIRST_PAUSE_MS = 500;
/** A server that drips less than this in a time-out is as good as silent. */
const DRIP = 4096;

/** Does `work`, and again after failures that may pass: `retries` times, with growing pauses. While offline it waits, uncounted. */
export async function persist<T>(net: Net, work: () => Promise<T>, retries = RETRIES): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      net.signal.throwIfAborted();
      if (!(error instanceof KinoraError) || !error.retryable) throw error;
      if (globalThis.navigator.onLine) {
        failures += 1;
        if (failures > retries) throw error;
        net.waiting(`${error.message} Trying again`);
        await pause(FIRST_PAUSE_MS * 2 ** (failures - 1), net.signal);
      } else {
        net.waiting('No connection. The download goes on when there is one');
        await online(net.signal);
      }
      net.waiting(undefined);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
    signal.addEventListener('abort', done);
  });
}

async function online(signal: AbortSignal): Promise<void> {
  // The event is not relied on alone: a look each second costs nothing.
  while (!navigator.onLine) {
    await pause(1000, signal);
  }
}

/** Aborts a request that goes quiet. */
export class Watchdog {
  readonly signal: AbortSignal;
  expired = false;
  private readonly abort = new AbortController();
  private timer: ReturnType<typeof setTimeout>;
  private sinceFed = 0;

  constructor(private readonly net: Net) {
    this.signal = AbortSignal.any([net.signal, this.abort.signal]);
    this.timer = this.start();
  }

  /** So many bytes came. */
  feed(bytes: number): void {
    this.sinceFed += bytes;
    if (this.sinceFed < DRIP) return;
    this.sinceFed = 0;
    clearTimeout(this.timer);
    this.timer = this.start();
  }

  /** The transfer is over, well or not; frees the connection. */
  stop(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }

  private start(): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.expired = true;
      this.abort.abort();
    }, this.net.timeoutMs);
  }
}
