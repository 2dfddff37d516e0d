// Tabs of one origin share the disk: one of them fetches a model, the others see how far it is and take over if it dies.

const CHANNEL = 'kinora-models';
/** A lock that is free is granted well within this. */
const GRANTED_MS = 150;
const TELL_MS = 100;

/** How far the tab that holds the lock is. */
export interface Elsewhere {
  key: string;
  loaded: number;
  total: number | null;
}

const lockName = (key: string): string => `kinora:model:${key}`;

/** Does `work` as the only one that writes this model. While another tab does, `waiting` hears how far that is. */
export async function alone<T>(
  key: string,
  signal: AbortSignal,
  waiting: (elsewhere: Elsewhere | undefined) => void,
  work: () => Promise<T>,
): Promise<T> {
  const channel = new BroadcastChannel(CHANNEL);
  const hear = ({ data }: MessageEvent<Elsewhere>): void => {
    if (data?.key === key) waiting(data);
  };
  const told = setTimeout(() => {
    waiting(undefined);
    channel.onmessage = hear;
  }, GRANTED_MS);
  const over = (): void => {
    clearTimeout(told);
    channel.close();
  };
  try {
    return await navigator.locks.request(lockName(key), { signal }, () => {
      over();
      return work();
    });
  } finally {
    over();
  }
}

/** Does `work` unless another tab is writing this model; false then. */
export function ifFree(key: string, work: () => Promise<void>): Promise<boolean> {
  return navigator.locks.request(lockName(key), { ifAvailable: true }, async (lock) => {
    if (lock) await work();
    return lock !== null;
  });
}

/** Tells the other tabs how far this one is, some times a second. */
export class Teller {
  private readonly channel = new BroadcastChannel(CHANNEL);
  private last = 0;

  constructor(private readonly key: string) {}

  tell(loaded: number, total: number | null): void {
    const now = performance.now();
    if (now - this.last < TELL_MS && loaded !== total) return;
    this.last = now;
    this.channel.postMessage({ key: this.key, loaded, total } satisfies Elsewhere);
  }

  close(): void {
    this.channel.close();
  }
}
