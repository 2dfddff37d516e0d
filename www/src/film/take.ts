import type { Cue, FilmEvent, FilmProject, Script, Shot } from 'kinora';

/** What the person chose for a film. */
export interface Wish {
  idea: string;
  seed: number;
  shots: number;
  style: string;
}

/** Everything the page shows of one film, finished or not. */
export interface Take {
  wish: Wish;
  status: 'making' | 'done' | 'stopped' | 'failed' | 'interrupted';
  /** The script so far. */
  text: string;
  script: Script | undefined;
  title: string;
  shots: Shot[];
  /** Shots there will be. */
  of: number;
  framesPerShot: number;
  fps: number;
  width: number;
  height: number;
  frames: ImageData[][];
  /** How many frames of each shot are refined. */
  refined: number[];
  thumbnails: ImageData[];
  cues: Cue[];
  notices: string[];
}

export function newTake(wish: Wish, width = 192, height = 112): Take {
  return {
    wish,
    status: 'making',
    text: '',
    script: undefined,
    title: '',
    shots: [],
    of: wish.shots,
    framesPerShot: 0,
    fps: 12,
    width,
    height,
    frames: [],
    refined: [],
    thumbnails: [],
    cues: [],
    notices: [],
  };
}

/** The frame of a shot that stands for it on its card. */
const middle = (frames: number): number => Math.floor(frames / 2);

/** Adds what an event tells. */
export function apply(take: Take, event: FilmEvent): void {
  switch (event.type) {
    case 'script.delta':
      take.text += event.text;
      break;
    case 'script':
      take.script = event.script;
      take.title = event.script.title;
      take.text = event.script.text;
      break;
    case 'storyboard':
      take.shots = event.shots;
      take.of = event.of;
      take.framesPerShot = event.framesPerShot;
      take.fps = event.fps;
      if (event.title) take.title = event.title;
      break;
    case 'thumbnail':
      take.thumbnails[event.shot] = event.frame;
      break;
    case 'draft':
      take.frames[event.shot] ??= [];
      (take.frames[event.shot] as ImageData[])[event.index] = event.frame;
      break;
    case 'refined':
      take.frames[event.shot] ??= [];
      (take.frames[event.shot] as ImageData[])[event.index] = event.frame;
      take.refined[event.shot] = event.index + 1;
      if (event.index === middle(event.of)) take.thumbnails[event.shot] = event.frame;
      break;
    case 'captions':
      take.cues = event.cues;
      break;
    case 'notice':
      take.notices.push(event.text);
      break;
    case 'done':
      take.status = 'done';
      break;
  }
}

/** A film from the store, as it was left. */
export function fromProject(project: FilmProject, wish: Wish): Take {
  const { script, shots, cues, frames, width, height, fps, complete } = project;
  const pictures = frames.map((shot) => shot.map((rgba) => new ImageData(rgba, width, height)));
  return {
    ...newTake(wish, width, height),
    status: complete ? 'done' : 'interrupted',
    text: script?.text ?? '',
    script,
    title: script?.title ?? '',
    shots,
    of: Math.max(shots.length, 1),
    framesPerShot: Math.max(0, ...pictures.map((shot) => shot.length)),
    fps,
    frames: pictures,
    thumbnails: pictures.map((shot) => shot[middle(shot.length)]).filter((frame) => frame !== undefined),
    cues,
  };
}

/** Frames there will be. */
export const length = (take: Take): number => take.of * take.framesPerShot;

/** Frames that are drawn. */
export const drawn = (take: Take): number => take.frames.reduce((sum, shot) => sum + shot.filter(Boolean).length, 0);

/** Whether frames are still to be drawn; refining may go on after it. */
export const drawing = (take: Take): boolean =>
  take.status === 'making' && take.refined.length === 0 && (length(take) === 0 || drawn(take) < length(take));

/** Frame `at` of the whole film, or undefined while it is not drawn. */
export function frameAt(take: Take, at: number): ImageData | undefined {
  if (take.framesPerShot === 0) return undefined;
  return take.frames[Math.floor(at / take.framesPerShot)]?.[at % take.framesPerShot];
}

/** The caption of frame `at`. Its shot's sentence until the cues are there. */
export function captionAt(take: Take, at: number): string {
  const seconds = (at + 0.5) / take.fps;
  const cue = take.cues.find(({ start, end }) => seconds >= start && seconds < end);
  if (cue || take.cues.length > 0) return cue?.text ?? '';
  return take.shots[Math.floor(at / Math.max(1, take.framesPerShot))]?.caption ?? '';
}

/** `0:03` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
