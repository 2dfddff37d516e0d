import type { Progress } from '../types.js';
import type { Elsewhere } from './locks.js';

const TELL_MS = 50;
/** The rate is that of the last seconds, so that an estimate follows the connection. */
const WINDOW_MS = 4000;

/** Counts bytes and tells how far a transfer is, at most twenty times a second. */
export class Meter {
  loaded = 0;
  total: number | null = null;
  private phase: 'download' | 'verify' = 'download';
  private note: string | undefined;
  private told = 0;
  private marks: { at: number; loaded: number }[] = [];

  constructor(
    private readonly file: string,
    private readonly report: (progress: Progress) => void,
  ) {}

  begin(phase: 'download' | 'verify', total: number | null, loaded: number): void {
    this.phase = phase;
    this.total = total;
    this.loaded = loaded;
    this.marks = [{ at: performance.now(), loaded }];
    this.tell(true);
  }

  add(bytes: number): void {
    this.loaded += bytes;
    this.tell(this.loaded === this.total);
  }

  /** Something is waited for; undefined when it is over. */
  waiting(text: string | undefined): void {
    this.note = text;
    this.tell(true);
  }

  /** Another tab does the work; what is known of how far it is. */
  elsewhere(other: Elsewhere | undefined): void {
    this.note = 'Another tab is downloading this model';
    this.phase = 'download';
    if (other) {
      this.loaded = other.loaded;
      this.total = other.total;
    }
    this.tell(true);
    this.note = undefined;
  }

  private tell(now: boolean): void {
    const at = performance.now();
    if (!now && at - this.told < TELL_MS) return;
    this.told = at;
    const { phase, file, loaded, total, note } = this;
    const text = note ?? (phase === 'verify' ? `Checking ${file}` : `Downloading ${file}`);
    this.report({ phase, file, loaded, total, etaMs: this.eta(at), text });
  }

  private eta(at: number): number | null {
    this.marks.push({ at, loaded: this.loaded });
    while (this.marks.length > 2 && (this.marks[1]?.at ?? at) < at - WINDOW_MS) this.marks.shift();
    const from = this.marks[0];
    const came = this.loaded - (from?.loaded ?? 0);
    if (this.total === null || !from || came <= 0) return null;
    return ((at - from.at) * (this.total - this.loaded)) / came;
  }
}
