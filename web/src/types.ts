/** One character of a shot, in the words of the video model's vocabulary. */
export interface Character {
  kind: string;
  color: string;
  action: string;
  mood: string;
}

/** One shot of a storyboard. */
export interface Shot {
  place: string;
  time: string;
  weather: string;
  characters: Character[];
  prop: string;
  camera: string;
  /** The sentence shown under the shot. */
  caption: string;
}

/** The written film. */
export interface Script {
  title: string;
  /** One line a shot. */
  lines: string[];
  /** All of it, as the model wrote it. */
  text: string;
}

/** One caption; times in seconds from the start of the film. */
export interface Cue {
  start: number;
  end: number;
  text: string;
}

/** What a film tells while it is made. `shot` and `index` count from 0. */
export type FilmEvent =
  | { type: 'script.delta'; text: string }
  | { type: 'script'; script: Script }
  /**
   * Comes several times while the storyboard fills; `done` with the last. `refines`: every frame will come twice, drafted and
   * then refined.
   */
  | {
      type: 'storyboard';
      title: string;
      shots: Shot[];
      of: number;
      done: boolean;
      framesPerShot: number;
      fps: number;
      refines: boolean;
    }
  /** One picture of a shot, ahead of its frames. */
  | { type: 'thumbnail'; shot: number; frame: ImageData }
  /** Frame `index` of the `of` frames of its shot. */
  | { type: 'draft'; shot: number; index: number; of: number; frame: ImageData }
  /** The same frame with texture, light and style: it takes the draft's place. After all drafts, shot by shot. */
  | { type: 'refined'; shot: number; index: number; of: number; frame: ImageData }
  | { type: 'captions'; cues: Cue[] }
  | { type: 'notice'; code: string; text: string }
  | { type: 'done' };

/** A film as plain data. */
export interface FilmProject {
  version: 1;
  idea: string;
  seed: number;
  fps: number;
  width: number;
  height: number;
  script?: Script;
  shots: Shot[];
  cues: Cue[];
  /** RGBA bytes of each frame of each shot. */
  frames: Uint8ClampedArray<ArrayBuffer>[][];
  /** Whether the film was made to its end. */
  complete: boolean;
}

/** How far `Kinora.load` is. `total` and `etaMs` are null while unknown. */
export interface Progress {
  phase: 'engine' | 'download' | 'verify' | 'upload' | 'ready';
  file?: string;
  loaded: number;
  total: number | null;
  etaMs: number | null;
  /** A sentence to show. */
  text: string;
}

/** The device that runs the models. */
export interface DeviceInfo {
  kind: 'cpu' | 'gpu';
  /** The device in words, such as `relaxed SIMD, 4 threads` or the adapter's name. */
  name: string;
  /** Threads of the CPU device; 1 where the page is not cross-origin isolated. */
  threads: number;
  /** Which build of the engine runs. */
  build: 'plain' | 'relaxed' | 'threads';
  /** Why this one was chosen, in a sentence. */
  why: string;
}
