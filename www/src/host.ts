import { type DeviceInfo, Kinora, KinoraError, type MemoryInfo, type Progress } from 'kinora';

/** Something that went wrong, in words, with its remedy. */
export interface Trouble {
  message: string;
  hint: string;
  retry: boolean;
  code: string;
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof KinoraError) {
    const { message, hint, retryable: retry, code } = error;
    return { message, hint, retry, code };
  }
  return { message: String(error), hint: 'Reload the page and try again.', retry: true, code: 'internal' };
}

/** The one engine of the page, which films and chats share. */
export class Host {
  loading: Progress | undefined;
  device: DeviceInfo | undefined;
  memory: MemoryInfo | undefined;
  /** Tokens a second of the newest answer. */
  speed: number | undefined;
  private kinora: Promise<Kinora> | undefined;
  private readonly listeners = new Set<() => void>();

  /** Calls back whenever what the page shows has changed. */
  listen(listener: () => void): void {
    this.listeners.add(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  /** Starts engine and models where they do not run yet. */
  load(): Promise<Kinora> {
    this.kinora ??= Kinora.load({
      onProgress: (progress) => {
        this.loading = progress;
        this.changed();
      },
    }).then(
      (kinora) => {
        this.device = kinora.device;
        this.loading = undefined;
        this.changed();
        return kinora;
      },
      (error: unknown) => {
        this.kinora = undefined;
        this.loading = undefined;
        throw error;
      },
    );
    return this.kinora;
  }

  /** Loads ahead of the first wish; a failure is told when something is asked for. */
  warm(): void {
    this.load().catch(() => this.changed());
  }

  /** Looks at the engine's memory. */
  async weigh(): Promise<void> {
    const kinora = await this.load();
    this.memory = await kinora.memory().catch(() => this.memory);
    // A graphics adapter may have been lost meanwhile.
    this.device = kinora.device;
    this.changed();
  }
}
