import {
  KinoraError,
  type ModelAdapter,
  type ModelEstimate,
  type Progress,
  type StorageInfo,
  type StoredModel,
} from 'kinora';
import { type Host, type Trouble, troubleOf } from '../host.js';

/** The embedded model's place in the list of what a chat may use. */
export const BUILT_IN = '';
/** What requests call the model that comes with the page. */
export const EMBEDDED = 'kinora-text';

/** A download that runs, or that was paused. */
export interface Download {
  url: string;
  progress: Progress | undefined;
  stop: AbortController;
}

/** The models of this device: which there are, which are loaded, which are on their way. */
export class Library {
  models: StoredModel[] = [];
  storage: StorageInfo | undefined;
  /** The loaded model that chats use; the embedded one where it is empty. */
  chosen = BUILT_IN;
  readonly loaded = new Set<string>();
  /** The adapters of the chosen model, and how strong those are that are on. */
  adapters: readonly ModelAdapter[] = [];
  private readonly strengths = new Map<string, Record<string, number>>();
  readonly downloads = new Map<string, Download>();
  /** What was found out about an address before its download. */
  offer: { url: string; estimate: ModelEstimate } | undefined;
  asking = false;
  /** A file or model that is being read into the engine. */
  opening: Progress | undefined;
  trouble: Trouble | undefined;
  /** What to do again without the disk, after it was full. */
  fromMemory: (() => Promise<void>) | undefined;

  constructor(private readonly host: Host) {}

  /** The chosen model's adapters that are on, each with its strength. */
  get strength(): Readonly<Record<string, number>> {
    return this.strengths.get(this.chosen) ?? {};
  }

  /** Switches an adapter of the chosen model on, or off with undefined. */
  adapt(name: string, strength: number | undefined): void {
    const { [name]: _, ...rest } = this.strength;
    this.strengths.set(this.chosen, strength === undefined ? rest : { ...rest, [name]: strength });
    this.host.changed();
  }

  /** Reads an adapter of the chosen model out of the person's file, and switches it on. */
  async addAdapter(file: File): Promise<void> {
    await this.trying(() => this.adapted(file));
  }

  private async adapted(file: File): Promise<void> {
    const { models } = await this.host.load();
    const { name, scale } = await models.addAdapter(this.chosen || EMBEDDED, { source: file });
    this.adapters = models.adaptersOf(this.chosen || EMBEDDED);
    this.adapt(name, scale);
  }

  async removeAdapter(name: string): Promise<void> {
    await this.trying(async () => {
      const { models } = await this.host.load();
      await models.removeAdapter(this.chosen || EMBEDDED, name);
      this.adapters = models.adaptersOf(this.chosen || EMBEDDED);
    });
    this.adapt(name, undefined);
  }

  /** How far the downloads are, 0 to 1; undefined while none runs. */
  get progress(): number | undefined {
    const going = [...this.downloads.values()].flatMap(({ progress }) => progress ?? []);
    const total = going.reduce((sum, { total }) => sum + (total ?? 0), 0);
    return total > 0 ? going.reduce((sum, { loaded }) => sum + loaded, 0) / total : undefined;
  }

  /** Looks at the disk. */
  async refresh(): Promise<void> {
    try {
      const { models } = await this.host.load();
      [this.models, this.storage] = await Promise.all([models.list(), models.storage()]);
    } catch (error) {
      // What went wrong before says more.
      this.trouble ??= troubleOf(error);
    }
    this.host.changed();
  }

  /** Reads the header at an address: what it is, and whether it fits. */
  async ask(url: string): Promise<void> {
    this.offer = undefined;
    this.asking = true;
    this.host.changed();
    await this.trying(async () => {
      const estimate = await (await this.host.load()).models.estimate(url);
      this.offer = { url, estimate };
    });
    this.asking = false;
    this.host.changed();
  }

  /** Downloads a model, or goes on with it, and loads it. */
  async fetch(url: string, storage: 'auto' | 'memory' = 'auto'): Promise<void> {
    if (this.downloads.has(url)) return;
    const download: Download = { url, progress: undefined, stop: new AbortController() };
    this.downloads.set(url, download);
    this.offer = undefined;
    this.fromMemory = undefined;
    this.host.changed();
    const refreshing = setTimeout(() => void this.refresh(), 1000);
    await this.trying(async () => {
      const { models } = await this.host.load();
      const model = await models.load(url, {
        storage,
        signal: download.stop.signal,
        onProgress: (progress) => {
          download.progress = progress;
          this.host.changed();
        },
      });
      await this.ready(model.name);
    }, download.stop.signal);
    clearTimeout(refreshing);
    this.downloads.delete(url);
    if (this.trouble?.code === 'quota_exceeded') this.fromMemory = () => this.fetch(url, 'memory');
    await this.refresh();
  }

  /** Stops a download; what is there stays, and `fetch` goes on with it. */
  pause(url: string): void {
    this.downloads.get(url)?.stop.abort();
  }

  /**
   * Reads the user's own files into the engine; with `keep` it copies them to this page's storage first. The file of an adapter
   * is one of the chosen model.
   */
  async open(files: File[], keep = false): Promise<void> {
    const [first] = files;
    await this.reading(async (onProgress) => {
      const { models } = await this.host.load();
      try {
        const model = await models.load(files, { keep, onProgress });
        await this.ready(model.name);
      } catch (error) {
        if (!first || !(error instanceof KinoraError) || error.code !== 'is_adapter') throw error;
        await this.adapted(first);
      }
    });
    await this.refresh();
  }

  /** Loads a model of the list, or goes back to the embedded one. */
  async use(model: StoredModel | undefined): Promise<void> {
    if (!model || this.loaded.has(model.name)) {
      await this.choose(model?.name ?? BUILT_IN);
      return;
    }
    await this.reading(async (onProgress) => {
      const { models } = await this.host.load();
      const adapters = (model.adapters ?? []).filter(({ have, bytes }) => have === bytes);
      await models.load(model, { adapters: adapters.map((source) => ({ source, name: source.name })), onProgress });
      await this.ready(model.name);
    });
    await this.refresh();
  }

  async unload(name: string): Promise<void> {
    await this.trying(async () => (await this.host.load()).models.unload(name));
    await this.gone(name);
    await this.host.weigh();
    await this.refresh();
  }

  async remove(model: StoredModel): Promise<void> {
    await this.trying(async () => (await this.host.load()).models.delete(model.key));
    await this.gone(model.name);
    await this.refresh();
  }

  private async ready(name: string): Promise<void> {
    this.loaded.add(name);
    this.strengths.delete(name);
    await this.choose(name);
    void this.host.weigh();
  }

  private async choose(name: string): Promise<void> {
    const { models } = await this.host.load();
    this.chosen = name;
    this.adapters = models.adaptersOf(name || EMBEDDED);
    this.host.changed();
  }

  private async gone(name: string): Promise<void> {
    this.loaded.delete(name);
    this.strengths.delete(name);
    if (this.chosen === name) await this.choose(BUILT_IN);
  }

  private async reading(work: (onProgress: (progress: Progress) => void) => Promise<void>): Promise<void> {
    const show = (progress: Progress): void => {
      this.opening = progress;
      this.host.changed();
    };
    show({ phase: 'upload', loaded: 0, total: null, etaMs: null, text: 'Opening the model' });
    await this.trying(() => work(show));
    this.opening = undefined;
    this.host.changed();
  }

  private async trying(work: () => Promise<void>, stop?: AbortSignal): Promise<void> {
    this.trouble = undefined;
    try {
      await work();
    } catch (error) {
      if (!stop?.aborted) this.trouble = troubleOf(error);
    }
    this.host.changed();
  }
}
