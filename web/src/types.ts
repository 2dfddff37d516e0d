/** One character of a shot, in the words of the video model's vocabulary. */
export interface Character {
  kind: string;
  color: string;
  action: string;
  mood: string;
}

/** One shot of a storyboard. */
export interface Shot {
  /** `shot-1`, `shot-2`, …: the name that frames and steps refer to. */
  id: string;
  place: string;
  time: string;
  weather: string;
  characters: Character[];
  prop: string;
  camera: string;
  /** The sentence shown under the shot. */
  caption: string;
  /** Frames in this shot. */
  frames: number;
}

/** The written film: a title and the lines as the model wrote them. */
export interface Script {
  title: string;
  text: string;
}

/** One caption; times in seconds from the start of the film. */
export interface Cue {
  start: number;
  end: number;
  text: string;
}

/** What a film tells while it is made. Frames are in film order within a shot. */
export type FilmEvent =
  | { type: 'script.delta'; text: string }
  | { type: 'script'; script: Script }
  | { type: 'storyboard'; title: string; shots: Shot[] }
  | { type: 'draft' | 'refined'; shot: string; index: number; frame: ImageData }
  | { type: 'step'; shot: string; stage: string; step: number; of: number }
  | { type: 'captions'; cues: Cue[] }
  | { type: 'notice'; code: string; text: string }
  | { type: 'done' };

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
  /** The device in words, such as `CPU, 4 threads` or the adapter's name. */
  name: string;
  /** Threads of the CPU device; 1 where the page is not cross-origin isolated. */
  threads: number;
  /** Which build of the engine runs. */
  build: 'plain' | 'relaxed' | 'threads';
  /** Why this one was chosen, in a sentence. */
  why: string;
}
