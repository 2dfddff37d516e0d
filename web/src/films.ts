import { toSrt, toVtt } from './captions.js';
import { KinoraError } from './errors.js';
import type { Client } from './internal/client.js';
import type { FilmArgs, GifEvent, WireFilmEvent } from './internal/protocol.js';
import type { ExportOptions, ExportProgress } from './parts/export.js';
import type { Cue, FilmEvent, FilmProject, Script, Shot } from './types.js';

/** What `films.create` understands. Same idea, seed, options, models and device: the same film. */
export interface FilmOptions {
  idea: string;
  /** 0 to 2³² − 1; random where left out. */
  seed?: number;
  /** 1 to 6; default 3. */
  shots?: number;
  /** Default 2.75. */
  secondsPerShot?: number;
  /** Default 12. */
  fps?: number;
  /** Default 192 × 112; multiples of 4 from 32 to 640. */
  width?: number;
  height?: number;
  /**
   * `flat`, or one that the refiner draws: the embedded one knows `paper`, `watercolor`, `pencil`, `crayon` and `film`. In a style
   * that a package's own refiner does not draw the film stays flat, and a `notice` says so.
   */
  style?: string;
  /** Whether drafts are refined, where the package has its refiner; styles other than `flat` need it. Default true. */
  refine?: boolean;
  signal?: AbortSignal;
}

/** `running` until `done`, `failed` or `canceled`. */
export type FilmStatus = 'running' | 'done' | 'failed' | 'canceled';

const MAX_IDEA = 100_000;

function checked(options: FilmOptions): FilmArgs {
  const refuse = (param: string, message: string, hint: string): never => {
    throw new KinoraError({ code: 'invalid_argument', stage: 'request', retryable: false, message, hint, param });
  };
  const number = (param: string, value: number, from: number, to: number): number =>
    Number.isFinite(value) && value >= from && value <= to
      ? value
      : refuse(param, `${param} is ${value}.`, `Give a number from ${from} to ${to}.`);
  const { idea } = options;
  if (typeof idea !== 'string' || idea.trim() === '') {
    refuse('idea', 'The idea is empty.', 'Say in a few words what the film is about.');
  }
  if (idea.length > MAX_IDEA) {
    refuse('idea', `The idea has ${idea.length} characters.`, `Shorten it to ${MAX_IDEA} at most.`);
  }
  const args: FilmArgs = {
    idea,
    seed: Math.floor(number('seed', options.seed ?? randomSeed(), 0, 0xffff_ffff)),
    seconds_per_shot: number('secondsPerShot', options.secondsPerShot ?? 2.75, 0.25, 20),
    fps: number('fps', options.fps ?? 12, 1, 30),
    width: number('width', options.width ?? 192, 32, 640),
    height: number('height', options.height ?? 112, 32, 640),
  };
  if (options.shots !== undefined) args.shots = Math.floor(number('shots', options.shots, 1, 6));
  if (options.style !== undefined) args.style = options.style;
  if (options.refine !== undefined) args.refine = options.refine;
  return args;
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

/**
 * A film in the making, and then the film. It is an async iterable of its events; an iterator that comes late first gets what
 * has happened so far. It is made to its end whether it is read or not; `cancel` or the signal stop it.
 */
export class Film implements AsyncIterable<FilmEvent> {
  readonly idea: string;
  readonly seed: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  /** Settles with the film when it is done; rejects as its iterators do. */
  readonly finished: Promise<Film>;
  private readonly events: FilmEvent[] = [];
  private readonly drawn: ImageData[][] = [];
  private readonly canceling = new AbortController();
  private readers: (() => void)[] = [];
  private state: FilmStatus = 'running';
  private failure: unknown;
  private written: Script | undefined;
  private board: Shot[] = [];
  private lines: Cue[] = [];

  /** @internal Films are made by `kinora.films.create` and `kinora.films.open`. */
  constructor(
    private readonly client: Client,
    from: { args: FilmArgs; signal: AbortSignal | undefined } | { project: FilmProject },
  ) {
    const head = 'args' in from ? from.args : from.project;
    ({ idea: this.idea, seed: this.seed, fps: this.fps, width: this.width, height: this.height } = head);
    if ('project' in from) {
      this.restore(from.project);
      this.finished = Promise.resolve(this);
      return;
    }
    const { args, signal } = from;
    const stop = signal ? AbortSignal.any([signal, this.canceling.signal]) : this.canceling.signal;
    this.finished = this.make(args, stop).then(() => this);
    // Whoever reads the iterator sees the error there: an unread promise is no second alarm.
    this.finished.catch(() => undefined);
  }

  get status(): FilmStatus {
    return this.state;
  }
  get script(): Script | undefined {
    return this.written;
  }
  /** The storyboard; empty until it is written. */
  get shots(): readonly Shot[] {
    return this.board;
  }
  /** Captions with their times. */
  get cues(): readonly Cue[] {
    return this.lines;
  }
  /** The newest picture of each frame that is drawn so far, shot after shot. */
  get frames(): ImageData[] {
    return this.drawn.flatMap((shot) => shot.filter(Boolean));
  }

  /** The captions as a file. */
  captions(format: 'vtt' | 'srt'): string {
    return format === 'vtt' ? toVtt(this.lines) : toSrt(this.lines);
  }

  /** Everything there is of the film as plain data, fit for structured clone: keep it, and `films.open` it later. */
  toProject(): FilmProject {
    const { idea, seed, fps, width, height, written, board, lines, state } = this;
    const frames = this.drawn.map((shot) =>
      shot.filter(Boolean).map((frame) => frame.data as FilmProject['frames'][0][0]),
    );
    const script = written === undefined ? {} : { script: written };
    return {
      version: 1,
      idea,
      seed,
      fps,
      width,
      height,
      ...script,
      shots: board,
      cues: lines,
      frames,
      complete: state === 'done',
    };
  }

  /** Stops the making; what is drawn stays. Iterators throw an `AbortError`. */
  cancel(): void {
    this.canceling.abort();
  }

  /** A video file of what is drawn. Codecs come from the browser: the file may be of the next best kind, see its `type`. */
  async export(options: ExportOptions): Promise<Blob> {
    const { frames } = this;
    if (frames.length === 0) {
      throw new KinoraError({
        code: 'nothing_to_export',
        stage: 'export',
        retryable: true,
        message: 'No frame of this film is drawn yet.',
        hint: 'Wait for the first frames, then export.',
      });
    }
    const part = await import('./parts/export.js');
    const film = {
      frames,
      fps: this.fps,
      cues: this.lines,
      title: this.written?.title ?? this.idea,
      idea: this.idea,
      seed: this.seed,
    };
    if (options.format !== 'gif') return part.exportVideo(film, options);
    const scaled = part.scaledFrames(film, options.scale ?? 2, options.captions === 'burn');
    return this.gif(scaled, options.signal, options.onProgress);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FilmEvent, void> {
    for (let at = 0; ; ) {
      const event = this.events[at];
      if (event) {
        at += 1;
        yield event;
      } else if (this.state === 'running') await new Promise<void>((resolve) => this.readers.push(resolve));
      else if (this.state === 'done') return;
      else throw this.failure;
    }
  }

  private async make(args: FilmArgs, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of this.client.call<WireFilmEvent>({ op: 'film', args }, { window: 4, signal })) {
        this.take(fromWire(event));
      }
      this.state = 'done';
    } catch (error) {
      this.failure = error;
      this.state = signal.aborted ? 'canceled' : 'failed';
      throw error;
    } finally {
      this.ring();
    }
  }

  private restore(project: FilmProject): void {
    const { script, shots, cues, frames, width, height } = project;
    if (script) this.take({ type: 'script', script });
    const [title, of, framesPerShot] = [script?.title ?? '', shots.length, frames[0]?.length ?? 0];
    this.take({ type: 'storyboard', title, shots, of, done: true, framesPerShot, fps: this.fps, refines: false });
    frames.forEach((drawn, shot) => {
      drawn.forEach((rgba, index) => {
        this.take({ type: 'draft', shot, index, of: drawn.length, frame: new ImageData(rgba, width, height) });
      });
    });
    this.take({ type: 'captions', cues });
    this.take({ type: 'done' });
    this.state = 'done';
  }

  private take(event: FilmEvent): void {
    if (event.type === 'draft' || event.type === 'refined') {
      this.drawn[event.shot] ??= [];
      (this.drawn[event.shot] as ImageData[])[event.index] = event.frame;
    } else if (event.type === 'script') this.written = event.script;
    else if (event.type === 'storyboard') this.board = event.shots;
    else if (event.type === 'captions') this.lines = event.cues;
    this.events.push(event);
    this.ring();
  }

  private ring(): void {
    const { readers } = this;
    this.readers = [];
    for (const read of readers) read();
  }

  private async gif(
    frames: { width: number; height: number; frames: Uint8ClampedArray<ArrayBuffer>[] },
    signal: AbortSignal | undefined,
    onProgress: ((progress: ExportProgress) => void) | undefined,
  ): Promise<Blob> {
    const args = { ...frames, fps: this.fps };
    for await (const event of this.client.call<GifEvent>({ op: 'gif', args }, { window: 2, signal })) {
      if (event.type === 'gif') return new Blob([event.bytes], { type: 'image/gif' });
      onProgress?.({ done: event.step, of: event.of });
    }
    throw new KinoraError({
      code: 'internal',
      stage: 'export',
      retryable: true,
      message: 'The GIF writer ended without a file.',
      hint: 'Try again.',
    });
  }
}

/** An event in the words of this package, with its picture as the browser's own type. */
function fromWire(wire: WireFilmEvent): FilmEvent {
  switch (wire.type) {
    case 'script_delta':
      return { type: 'script.delta', text: wire.text };
    case 'storyboard': {
      const { frames_per_shot, ...rest } = wire;
      return { ...rest, framesPerShot: frames_per_shot };
    }
    case 'thumbnail':
    case 'draft':
    case 'refined': {
      const { width, height, rgba } = wire.frame;
      return { ...wire, frame: new ImageData(rgba, width, height) };
    }
    default:
      return wire;
  }
}

/** `kinora.films` */
export class Films {
  /** @internal */
  constructor(private readonly client: Client) {}

  /** Begins a film and returns it at once. Throws `invalid_argument` for a request that cannot become a film. */
  create(options: FilmOptions): Film {
    options.signal?.throwIfAborted();
    return new Film(this.client, { args: checked(options), signal: options.signal });
  }

  /** A film from what `film.toProject()` gave. */
  open(project: FilmProject): Film {
    return new Film(this.client, { project });
  }
}
