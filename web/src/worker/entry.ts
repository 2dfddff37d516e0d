import { errorShape } from '../errors.js';
import { type FromWorker, THREAD_NAME, type ToWorker } from '../internal/protocol.js';
import { threadMain } from './boot.js';
import { operate } from './operations.js';

interface Job {
  credits: number;
  wake: () => void;
  abort: AbortController;
}
const jobs = new Map<number, Job>();

const post = (message: FromWorker, transfer: Transferable[] = []): void => self.postMessage(message, { transfer });

/** Large buffers of an event move, they are not copied. */
function transferables(event: unknown): Transferable[] {
  if (typeof event !== 'object' || event === null) return [];
  if ('frame' in event) return [(event.frame as { rgba: Uint8ClampedArray<ArrayBuffer> }).rgba.buffer];
  if ('bytes' in event) return [(event.bytes as Uint8Array<ArrayBuffer>).buffer];
  return [];
}

async function run(id: number, call: Extract<ToWorker, { type: 'open' }>['call']): Promise<void> {
  const job: Job = { credits: 0, wake: () => undefined, abort: new AbortController() };
  jobs.set(id, job);
  const { signal } = job.abort;
  try {
    const events = operate(call, signal, (flag) => post({ type: 'flag', id, flag }));
    try {
      for (;;) {
        while (job.credits === 0 && !signal.aborted) {
          await new Promise<void>((resolve) => {
            job.wake = resolve;
          });
        }
        if (signal.aborted) break;
        job.credits -= 1;
        const step = await events.next();
        if (signal.aborted || step.done) break;
        post({ type: 'event', id, event: step.value }, transferables(step.value));
      }
    } finally {
      await events.return();
    }
    post({ type: 'end', id });
  } catch (error) {
    if (signal.aborted) post({ type: 'end', id });
    else post({ type: 'error', id, error: errorShape(error, call.op) });
  } finally {
    jobs.delete(id);
  }
}

function receive({ data }: MessageEvent<ToWorker>): void {
  if (data.type === 'open') {
    void run(data.id, data.call);
    return;
  }
  const job = jobs.get(data.id);
  if (!job) return;
  if (data.type === 'next') job.credits += data.credits;
  else job.abort.abort();
  job.wake();
}

if (self.name === THREAD_NAME) threadMain();
else {
  self.kinoraPanicked = (message) => post({ type: 'panic', message });
  // A trap inside the engine surfaces here: no promise of ours would ever settle.
  self.onunhandledrejection = ({ reason }) => self.kinoraPanicked(String(reason));
  self.onmessage = receive;
  post({ type: 'hello' });
}
