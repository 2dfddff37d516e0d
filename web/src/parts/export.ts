import {
  BufferTarget,
  CanvasSource,
  getFirstEncodableVideoCodec,
  Mp4OutputFormat,
  Output,
  Quality,
  TextSubtitleSource,
  type VideoCodec,
  WebMOutputFormat,
} from 'mediabunny';
import { toVtt } from '../captions.js';
import { KinoraError } from '../errors.js';
import type { Cue } from '../types.js';

export type ExportFormat = 'mp4' | 'webm' | 'gif';

export interface ExportProgress {
  done: number;
  of: number;
}

export interface ExportOptions {
  format: ExportFormat;
  /** A track of their own (not in GIF), burnt into the picture, or left out. Default `track`. */
  captions?: 'track' | 'burn' | 'none';
  /** Pixels of the file for each pixel of the film; default: enough for 640 columns, in GIF 2. */
  scale?: number;
  signal?: AbortSignal;
  onProgress?(progress: ExportProgress): void;
}

/** The parts of a film that a file is made of. */
export interface Footage {
  frames: ImageData[];
  fps: number;
  cues: readonly Cue[];
  title: string;
  idea: string;
  seed: number;
}

// H.264 plays everywhere; the others where a browser cannot write it. VP9 and AV1 first where the file is WebM.
const CODECS: Record<'mp4' | 'webm', VideoCodec[]> = { mp4: ['avc', 'av1', 'vp9'], webm: ['vp9', 'vp8', 'av1'] };

/** MP4 or WebM through the browser's own encoders; an MP4 that no encoder can fill becomes a WebM. */
export async function exportVideo(film: Footage, options: ExportOptions): Promise<Blob> {
  options.signal?.throwIfAborted();
  const painter = new Painter(film, options.scale, options.captions === 'burn');
  const { width, height } = painter.canvas;
  const plan = await choose(options.format === 'webm' ? ['webm'] : ['mp4', 'webm'], width, height);
  const format = plan.container === 'mp4' ? new Mp4OutputFormat({ fastStart: 'in-memory' }) : new WebMOutputFormat();
  const target = new BufferTarget();
  const output = new Output({ format, target });
  const video = new CanvasSource(painter.canvas, {
    codec: plan.codec,
    quality: new Quality(0.75),
    keyFrameInterval: 2,
  });
  output.addVideoTrack(video, { frameRate: film.fps });
  const captions =
    (options.captions ?? 'track') === 'track' && film.cues.length > 0 ? new TextSubtitleSource('webvtt') : undefined;
  if (captions) output.addSubtitleTrack(captions, { languageCode: 'eng' });
  output.setMetadataTags({
    title: film.title,
    comment: `Made by Kinora on the author's own device. Idea: ${film.idea.slice(0, 500)} Seed: ${film.seed}.`,
    date: new Date(),
  });
  try {
    await output.start();
    await captions?.add(toVtt(film.cues));
    for (let i = 0; i < film.frames.length; i++) {
      options.signal?.throwIfAborted();
      painter.draw(i);
      await video.add(i / film.fps, 1 / film.fps);
      options.onProgress?.({ done: i + 1, of: film.frames.length });
    }
    await output.finalize();
    options.signal?.throwIfAborted();
  } catch (error) {
    await output.cancel().catch(() => undefined);
    if (options.signal?.aborted) throw options.signal.reason;
    throw new KinoraError({
      code: 'encoder_failed',
      stage: 'export',
      retryable: true,
      message: `The browser's ${plan.codec} encoder failed: ${error instanceof Error ? error.message : error}.`,
      hint: 'Try the other format, or GIF, which needs no encoder.',
    });
  }
  if (!target.buffer) throw noEncoder();
  return new Blob([target.buffer], { type: plan.container === 'mp4' ? 'video/mp4' : 'video/webm' });
}

async function choose(
  containers: ('mp4' | 'webm')[],
  width: number,
  height: number,
): Promise<{ container: 'mp4' | 'webm'; codec: VideoCodec }> {
  if (typeof VideoEncoder === 'function') {
    for (const container of containers) {
      const codec = await getFirstEncodableVideoCodec(CODECS[container], { width, height });
      if (codec) return { container, codec };
    }
  }
  throw noEncoder();
}

const noEncoder = (): KinoraError =>
  new KinoraError({
    code: 'no_encoder',
    stage: 'export',
    retryable: false,
    message: 'This browser has no video encoder for this size.',
    hint: 'Export a GIF: it needs none.',
  });

/** The film's pictures, enlarged and with burnt-in captions where asked, as bytes. */
export function scaledFrames(
  film: Footage,
  scale: number,
  burn: boolean,
): { width: number; height: number; frames: Uint8ClampedArray<ArrayBuffer>[] } {
  const painter = new Painter(film, scale, burn);
  const { width, height } = painter.canvas;
  const frames = film.frames.map((_, i) => painter.draw(i).getImageData(0, 0, width, height).data);
  return { width, height, frames };
}

class Painter {
  readonly canvas: OffscreenCanvas;
  private readonly context: OffscreenCanvasRenderingContext2D;
  private readonly small: OffscreenCanvas;
  private readonly smallContext: OffscreenCanvasRenderingContext2D;

  constructor(
    private readonly film: Footage,
    scale: number | undefined,
    private readonly burn: boolean,
  ) {
    const { width, height } = film.frames[0] ?? { width: 2, height: 2 };
    const by = Math.min(8, Math.max(1, scale ?? Math.ceil(640 / width)));
    // H.264 takes even sizes only.
    this.canvas = new OffscreenCanvas(2 * Math.round((width * by) / 2), 2 * Math.round((height * by) / 2));
    this.small = new OffscreenCanvas(width, height);
    const [context, small] = [this.canvas.getContext('2d', { willReadFrequently: true }), this.small.getContext('2d')];
    if (!context || !small) throw noEncoder();
    this.context = context;
    this.smallContext = small;
    context.imageSmoothingQuality = 'high';
  }

  /** Paints frame `i` and returns the context it is on. */
  draw(i: number): OffscreenCanvasRenderingContext2D {
    const { context, canvas } = this;
    const frame = this.film.frames[i];
    if (!frame) return context;
    this.smallContext.putImageData(frame, 0, 0);
    context.drawImage(this.small, 0, 0, canvas.width, canvas.height);
    const at = (i + 0.5) / this.film.fps;
    const cue = this.burn ? this.film.cues.find(({ start, end }) => at >= start && at < end) : undefined;
    if (cue) this.caption(cue.text);
    return context;
  }

  private caption(text: string): void {
    const { context, canvas } = this;
    const size = Math.max(10, Math.round(canvas.height / 16));
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.lineJoin = 'round';
    context.lineWidth = size / 5;
    context.strokeStyle = 'rgb(0 0 0 / 80%)';
    context.fillStyle = 'white';
    const lines = wrap(text, (words) => context.measureText(words).width <= canvas.width * 0.9);
    lines.forEach((words, i) => {
      const y = canvas.height - size * (0.6 + 1.25 * (lines.length - 1 - i));
      context.strokeText(words, canvas.width / 2, y);
      context.fillText(words, canvas.width / 2, y);
    });
  }
}

function wrap(text: string, fits: (words: string) => boolean): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
