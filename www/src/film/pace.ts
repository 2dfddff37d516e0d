import type { FilmEvent } from 'kinora';

/** What is being done, how much of it is over, and how long it may still take. */
export interface Pace {
  /** 0 to 1, never going back. */
  fraction: number;
  /** Milliseconds, or undefined while nobody can know. */
  left: number | undefined;
  text: string;
}

// First guesses, for a small machine; measured times take their place as soon as there are some.
const SCRIPT_MS = 2500;
const BOARD_MS = 2500;
let msPerFrame = 40;
let msPerRefined = 80;
/** Whether the newest film is refined; before its storyboard, whether the one before was. */
let refines = false;

/** Follows one film and estimates the rest of it. */
export class Pacer {
  private readonly began = performance.now();
  private stage: 'script' | 'board' | 'draw' | 'refine' = 'script';
  private stageBegan = this.began;
  private fraction = 0;
  private frames = 0;
  private refined = 0;
  private total: number;

  constructor(private readonly shots: number) {
    this.total = shots * 33;
  }

  take(event: FilmEvent): void {
    if (event.type === 'script' && this.stage === 'script') this.enter('board');
    else if (event.type === 'storyboard') {
      this.total = (event.done ? event.shots.length : event.of) * event.framesPerShot;
      refines = event.refines;
    } else if (event.type === 'thumbnail' && this.stage === 'board') this.enter('draw');
    else if (event.type === 'draft') {
      if (this.stage !== 'draw') this.enter('draw');
      this.frames += 1;
      if (this.frames > 3) msPerFrame = (performance.now() - this.stageBegan) / this.frames;
    } else if (event.type === 'refined') {
      if (this.stage !== 'refine') this.enter('refine');
      this.refined += 1;
      if (this.refined > 3) msPerRefined = (performance.now() - this.stageBegan) / this.refined;
    }
  }

  now(): Pace {
    const inStage = performance.now() - this.stageBegan;
    let left = (this.total - this.frames) * msPerFrame;
    if (refines) left += (this.total - this.refined) * msPerRefined;
    if (this.stage === 'script' || this.stage === 'board') {
      const usual = this.stage === 'script' ? SCRIPT_MS : BOARD_MS;
      left += Math.max(usual - inStage, 300) + (this.stage === 'script' ? BOARD_MS : 0);
    }
    const past = performance.now() - this.began;
    this.fraction = Math.max(this.fraction, Math.min(0.99, past / (past + left)));
    return { fraction: this.fraction, left, text: this.words() };
  }

  private words(): string {
    if (this.stage === 'script') return 'Writing the script';
    if (this.stage === 'board') return 'Planning the shots';
    const [work, frames] = this.stage === 'draw' ? ['Drawing', this.frames] : ['Refining', this.refined];
    const shot = Math.min(this.shots, 1 + Math.floor((frames * this.shots) / Math.max(1, this.total)));
    return `${work} shot ${shot} of ${this.shots}`;
  }

  private enter(stage: 'board' | 'draw' | 'refine'): void {
    this.stage = stage;
    this.stageBegan = performance.now();
  }
}
