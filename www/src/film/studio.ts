import type { DeviceInfo, ExportFormat, Film, Kinora, Progress } from 'kinora';
import { type Host, type Trouble, troubleOf } from '../host.js';
import { type Pace, Pacer } from './pace.js';
import { Store } from './store.js';
import { apply, fromProject, newTake, type Take, type Wish } from './take.js';

/** What the page does, without how it looks: the engine, the film that is shown, the one being made, the store. */
export class Studio {
  /** The film that is shown. */
  take: Take | undefined;
  /** The film being made, until it has its script and becomes the one that is shown. */
  coming: Take | undefined;
  pace: Pace | undefined;
  trouble: Trouble | undefined;
  /** For people who listen: a short sentence at each stage. */
  status = '';
  exporting: { format: ExportFormat; fraction: number } | undefined;
  readonly store = new Store();
  private film: Film | undefined;
  private stopExport: AbortController | undefined;

  constructor(
    private readonly host: Host,
    private readonly changed: () => void,
  ) {}

  get loading(): Progress | undefined {
    return this.host.loading;
  }
  get device(): DeviceInfo | undefined {
    return this.host.device;
  }

  get making(): boolean {
    return this.film !== undefined || this.coming !== undefined;
  }

  /** Brings back the last film. */
  async recover(): Promise<void> {
    const saved = await this.store.load();
    if (saved && !this.take && !this.coming) {
      this.take = fromProject(saved.project, saved.wish);
      this.status = 'Your last film is back.';
    }
    this.changed();
  }

  /** Makes a film. One that is being made is stopped first; it stays to be seen until the new one has its script. */
  async make(wish: Wish): Promise<void> {
    this.stop();
    this.trouble = undefined;
    const coming = newTake(wish);
    this.coming = coming;
    this.status = 'Writing the script.';
    this.pace = { fraction: 0, left: undefined, text: 'Starting' };
    this.changed();
    let film: Film | undefined;
    try {
      const kinora = await this.host.load();
      if (this.coming !== coming) return;
      film = kinora.films.create({ ...wish });
      this.film = film;
      await this.follow(film, coming);
      if (coming.status === 'done') this.status = `Your film is ready: ${coming.title}.`;
    } catch (error) {
      coming.status = film?.status === 'canceled' ? 'stopped' : 'failed';
      if (coming.status === 'failed') this.fail(error);
    } finally {
      if (film && this.film === film) this.film = undefined;
      if (this.coming === coming) this.coming = undefined;
      if (!this.coming) this.pace = undefined;
      if (film && this.take === coming) this.keep(film, coming);
      this.changed();
    }
  }

  /** Stops what is being made or exported; what is drawn stays. */
  stop(): void {
    this.stopExport?.abort();
    if (!this.film && !this.coming) return;
    if (this.take?.status === 'making') this.take.status = 'stopped';
    this.coming = undefined;
    this.pace = undefined;
    this.status = 'Stopped.';
    const { film } = this;
    this.film = undefined;
    film?.cancel();
    this.changed();
  }

  /** The film that is shown, as a file. */
  async export(format: ExportFormat): Promise<Blob | undefined> {
    const { take } = this;
    if (!take) return undefined;
    const stop = new AbortController();
    this.stopExport = stop;
    this.exporting = { format, fraction: 0 };
    this.trouble = undefined;
    this.changed();
    try {
      const kinora = await this.host.load();
      const blob = await kinora.films.open(project(take)).export({
        format,
        signal: stop.signal,
        onProgress: ({ done, of }) => {
          this.exporting = { format, fraction: done / of };
          this.changed();
        },
      });
      this.status = 'The file is ready.';
      return blob;
    } catch (error) {
      if (!stop.signal.aborted) this.fail(error);
      return undefined;
    } finally {
      this.exporting = undefined;
      this.stopExport = undefined;
      this.changed();
    }
  }

  /** The captions of the film that is shown, as WebVTT. */
  async captions(): Promise<string> {
    const kinora = await this.host.load();
    return this.take ? kinora.films.open(project(this.take)).captions('vtt') : '';
  }

  private async follow(film: Film, take: Take): Promise<void> {
    const pacer = new Pacer(take.wish.shots);
    for await (const event of film) {
      if (this.film !== film) return;
      apply(take, event);
      pacer.take(event);
      this.pace = pacer.now();
      if (event.type === 'script' && this.take !== take) {
        this.take = take;
        this.coming = undefined;
        this.status = `The script is ready: ${take.title}.`;
      } else if (event.type === 'storyboard' && event.done) {
        this.status = `The storyboard is ready: ${event.shots.length} shots.`;
        this.keep(film, take);
      } else if ((event.type === 'draft' || event.type === 'refined') && event.index === event.of - 1) {
        this.keep(film, take);
      } else if (event.type === 'refined' && event.shot === 0 && event.index === 0) {
        this.status = 'The draft plays; it is being refined.';
      }
      this.changed();
    }
  }

  private keep(film: Film, take: Take): void {
    const before = this.store.denied;
    void this.store.save({ wish: take.wish, project: film.toProject() }).then(() => {
      if (this.store.denied !== before) this.changed();
    });
  }

  private fail(error: unknown): void {
    this.trouble = troubleOf(error);
    this.status = '';
  }
}

/** What is drawn of a take, as the package's own data. */
export function project(take: Take): Parameters<Kinora['films']['open']>[0] {
  return {
    version: 1,
    idea: take.wish.idea,
    seed: take.wish.seed,
    fps: take.fps,
    width: take.width,
    height: take.height,
    ...(take.script ? { script: take.script } : {}),
    shots: take.shots,
    cues: take.cues,
    frames: take.frames.map((shot) =>
      shot.filter(Boolean).map((frame) => frame.data as Uint8ClampedArray<ArrayBuffer>),
    ),
    complete: take.status === 'done',
  };
}
