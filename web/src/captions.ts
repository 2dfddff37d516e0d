import type { Cue } from './types.js';

/** `1:02.5` seconds as `00:01:02.500`, with the separator of the format. */
function clock(seconds: number, separator: '.' | ','): string {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const part = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  return `${part(hours, 2)}:${part(minutes, 2)}:${part(Math.floor(ms / 1000) % 60, 2)}${separator}${part(ms % 1000, 3)}`;
}

/** One line of text: a blank line would end a cue. */
const line = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** The captions as a WebVTT file. */
export function toVtt(cues: readonly Cue[]): string {
  const markup = (text: string): string =>
    line(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const blocks = cues.map(
    (cue, i) => `${i + 1}\n${clock(cue.start, '.')} --> ${clock(cue.end, '.')}\n${markup(cue.text)}\n`,
  );
  return ['WEBVTT\n', ...blocks].join('\n');
}

/** The captions as a SubRip file. */
export function toSrt(cues: readonly Cue[]): string {
  return cues
    .map((cue, i) => `${i + 1}\n${clock(cue.start, ',')} --> ${clock(cue.end, ',')}\n${line(cue.text)}\n`)
    .join('\n');
}
