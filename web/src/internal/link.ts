import { type ErrorShape, KinoraError } from '../errors.js';
import type { AbortFlag, Call, FromWorker, ToWorker } from './protocol.js';

/** The answer to one credit. */
export type Reply =
  | { type: 'event'; event: unknown }
  | { type: 'end' }
  | { type: 'error'; error: ErrorShape }
  | { type: 'aborted' };

/** One open call on a living worker. */
export class Job {
  private readonly replies: Reply[] = [];
  private waiter: ((reply: Reply) => void) | undefined;
  private outstanding = 0;
  private flag: AbortFlag | undefined;
  private closed = false;

  constructor(
    private readonly send: (message: ToWorker) => void,
    private readonly id: number,
    private readonly window: number,
    private readonly close: () => void,
  ) {}

  /** The next reply. Tops the credits up to the window first: with a window of 1 nothing is computed ahead. */
  next(): Promise<Reply> {
    const ahead = this.outstanding + this.replies.length;
    if (!this.closed && ahead < this.window) {
      this.outstanding += this.window - ahead;
      this.send({ type: 'next', id: this.id, credits: this.window - ahead });
    }
    const reply = this.replies.shift();
    if (reply) return Promise.resolve(reply);
    if (this.closed) return Promise.resolve({ type: 'end' });
    return new Promise((resolve) => {
      this.waiter = resolve;
    });
  }

  /** Ends the job at once for the page; the worker follows within a step. */
  abort(): void {
    if (this.closed) return;
    if (this.flag) Atomics.store(new Uint8Array(this.flag.buffer), this.flag.at, 1);
    this.send({ type: 'abort', id: this.id });
    this.finish({ type: 'aborted' });
  }

  /** Called by the link with what the worker said. */
  receive(message: Exclude<FromWorker, { type: 'hello' | 'panic' }>): void {
    if (message.type === 'flag') this.flag = message.flag;
    else if (message.type === 'event') {
      this.outstanding -= 1;
      this.push({ type: 'event', event: message.event });
    } else this.finish(message.type === 'end' ? { type: 'end' } : { type: 'error', error: message.error });
  }

  /** The last reply; later calls of `next` see the end. */
  finish(reply: Reply): void {
    if (this.closed) return;
    this.closed = true;
    this.close();
    if (reply.type === 'aborted') this.replies.length = 0;
    this.push(reply);
  }

  private push(reply: Reply): void {
    const { waiter } = this;
    if (!waiter) {
      this.replies.push(reply);
      return;
    }
    this.waiter = undefined;
    waiter(reply);
  }
}

/** The engine worker has died or was ended. */
export function stopped(message: string): ErrorShape {
  return {
    code: 'engine_stopped',
    stage: 'worker',
    retryable: true,
    message,
    hint: 'Make the call again: the engine starts anew by itself.',
  };
}

/** One living worker and its open jobs. When the worker dies every job is told, and the link is of no more use. */
export class Link {
  private readonly jobs = new Map<number, Job>();
  private lastId = 0;
  /** Set when the worker has died. */
  dead: ErrorShape | undefined;

  private constructor(
    private readonly worker: Worker,
    private readonly onDeath: () => void,
  ) {}

  /** Resolves when the worker's script runs; rejects with `worker_blocked` where it may not. */
  static async start(worker: Worker, onDeath: () => void): Promise<Link> {
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => {
        event.preventDefault();
        reject(
          new KinoraError({
            code: 'worker_blocked',
            stage: 'load',
            retryable: false,
            message: `The engine's worker did not start${event.message ? `: ${event.message}` : '.'}`,
            hint: "Serve worker.js from the same folder. Where the page sends Cross-Origin-Embedder-Policy, worker.js must send it too; a Content-Security-Policy needs worker-src 'self'.",
          }),
        );
      };
    });
    const link = new Link(worker, onDeath);
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'panic') link.kill(`The engine stopped: ${data.message}`);
      else if (data.type !== 'hello') link.jobs.get(data.id)?.receive(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      link.kill(`The engine stopped: ${event.message || 'its worker ended'}.`);
    };
    worker.onmessageerror = () => link.kill('The engine stopped: a message could not be read.');
    return link;
  }

  /** Opens a call. `window`: how many events may be computed ahead of the reader, 1 for none. */
  open(call: Call, window: number, transfer: Transferable[] = []): Job {
    this.lastId += 1;
    const id = this.lastId;
    const job = new Job(
      (message) => this.worker.postMessage(message),
      id,
      window,
      () => this.jobs.delete(id),
    );
    this.jobs.set(id, job);
    this.worker.postMessage({ type: 'open', id, call } satisfies ToWorker, transfer);
    return job;
  }

  /** Ends the worker and tells every open job. */
  kill(why: string): void {
    if (this.dead) return;
    this.dead = stopped(why);
    this.worker.terminate();
    for (const job of [...this.jobs.values()]) job.finish({ type: 'error', error: this.dead });
    this.onDeath();
  }
}
