import type { ExportFormat, Shot } from 'kinora';
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../icons.js';
import { timeLeft } from '../words.js';
import type { Studio } from './studio.js';
import type { Take } from './take.js';

type View = TemplateResult | typeof nothing;

/** How far the film is, with the time that is left. */
export function progressView(studio: Studio): View {
  const { pace } = studio;
  if (!pace) return nothing;
  const text = studio.loading && !studio.device ? studio.loading.text : pace.text;
  return html`
    <div class="progress">
      <progress max="1" .value=${pace.fraction} aria-label="Progress"></progress>
      <p>${text}<span>${studio.device ? timeLeft(pace.left) : ''}</span></p>
    </div>
  `;
}

/** What the engine wants to say about the idea. */
export function noticesView(take: Take | undefined): View {
  if (!take || take.notices.length === 0) return nothing;
  return html`<ul class="notices">${take.notices.map((text) => html`<li dir="auto">${text}</li>`)}</ul>`;
}

/** The script, as it is written. */
export function scriptView(take: Take | undefined, writing: boolean): View {
  if (!take) {
    return html`
      <section class="script" data-empty aria-labelledby="script-title">
        <h2 id="script-title">Script</h2>
        <ol class="how">
          <li>A language model writes the script.</li>
          <li>It plans the shots on a storyboard.</li>
          <li>A video model draws each shot while you watch.</li>
        </ol>
      </section>
    `;
  }
  const lines = take.text.split('\n').filter((line) => line.trim() !== '');
  const [title = '', ...shots] = lines;
  return html`
    <section class="script" aria-labelledby="script-title" ?data-writing=${writing}>
      <h2 id="script-title">Script</h2>
      <p class="title" dir="auto">${title.replace(/^#+\s*/, '')}</p>
      ${shots.map((line) => sceneView(line))}
      ${lines.length === 0 ? html`<p class="wait">The writer is thinking…</p>` : nothing}
    </section>
  `;
}

/** `1. EXT. SNOW – DAY. A robot walks. ROBOT: "Oh."` as a scene heading, action and speech. */
function sceneView(line: string): TemplateResult {
  const match = /^\s*(?:\d+[.)]\s*)?((?:INT|EXT)\.[^.]*\.)\s*(.*)$/u.exec(line);
  const [heading, rest] = match ? [match[1] ?? '', match[2] ?? ''] : ['', line];
  const parts = rest.split(/(\b[A-Z][A-Z ]+:\s*"[^"]*"?)/u);
  return html`
    <div class="scene" dir="auto">
      ${heading ? html`<p class="heading">${heading}</p>` : nothing}
      ${parts.map((part) => {
        const speech = /^([A-Z][A-Z ]+):\s*"([^"]*)"?$/u.exec(part);
        if (speech) return html`<p class="speech"><b>${speech[1]}</b>${speech[2]}</p>`;
        return part.trim() ? html`<p>${part.trim()}</p>` : nothing;
      })}
    </div>
  `;
}

const who = (shot: Shot): string =>
  shot.characters
    .map(({ size, color, kind, action }) => `${size ? `${size} ` : ''}${color} ${kind} ${ACTIONS[action] ?? action}`)
    .join(', ');
const ACTIONS: Record<string, string> = {
  stand: 'stands',
  walk: 'walks',
  run: 'runs',
  jump: 'jumps',
  wave: 'waves',
  dance: 'dances',
  spin: 'spins',
  fly: 'flies',
  sit: 'sits',
  sleep: 'sleeps',
  talk: 'talks',
  look: 'looks',
};

/** Where, when and how, in words; what is usual is left out. */
const facts = (shot: Shot): string =>
  [...new Set([shot.place, shot.time, shot.weather, shot.camera])]
    .filter((word) => !['clear', 'static'].includes(word))
    .map((word) => word.replace('_', ' '))
    .join(' · ');

/** A card a shot, with its picture as soon as there is one. */
export function storyboardView(take: Take | undefined, seek: (shot: number) => void): View {
  if (!take || take.status === 'failed' || (take.shots.length === 0 && take.status !== 'making')) return nothing;
  const cards = Array.from({ length: take.of }, (_, i) => take.shots[i]);
  const seconds = take.framesPerShot / take.fps;
  return html`
    <section class="board" aria-labelledby="board-title">
      <h2 id="board-title">Storyboard</h2>
      <ul>
        ${cards.map((shot, i) => {
          const frames = take.frames[i] ?? [];
          const picture = take.thumbnails[i] ?? frames[Math.min(8, frames.length - 1)];
          const share = take.framesPerShot > 0 ? frames.filter(Boolean).length / take.framesPerShot : 0;
          const refined = take.framesPerShot > 0 ? (take.refined[i] ?? 0) / take.framesPerShot : 0;
          const going = share === 1 && take.status === 'making' ? refined : share;
          if (!shot)
            return html`<li class="card" data-empty><div class="still"></div><p class="wait">Shot ${i + 1}</p></li>`;
          return html`
            <li class="card">
              <button ?disabled=${share === 0} aria-label="Shot ${i + 1} of ${take.of}: ${who(shot)}, ${seconds.toFixed(1)} s" @click=${() => seek(i)}>
                <div class="still">
                  ${picture ? html`<film-still .frame=${picture}></film-still>` : nothing}
                  <span class="number">${i + 1}</span>
                  ${going > 0 && going < 1 ? html`<progress max="1" .value=${going} aria-label="Shot ${i + 1}"></progress>` : nothing}
                </div>
              </button>
              <p dir="auto">${shot.caption}</p>
              <p class="facts">${facts(shot)}</p>
            </li>
          `;
        })}
      </ul>
    </section>
  `;
}

/** The file formats; while one is written, how far it is. */
export function exportView(
  exporting: { format: ExportFormat; fraction: number } | undefined,
  save: (format: ExportFormat) => void,
  captions: () => void,
): View {
  if (exporting) {
    return html`<button class="quiet" disabled>${icon('save')}${exporting.format.toUpperCase()} ${Math.round(100 * exporting.fraction)} %</button>`;
  }
  const choose = (action: () => void) => (event: Event) => {
    (event.currentTarget as HTMLElement).closest<HTMLElement>('[popover]')?.hidePopover();
    action();
  };
  return html`
    <button class="quiet" popovertarget="export">${icon('save')}Export</button>
    <div id="export" popover class="sheet menu">
      <h2>Export</h2>
      <button @click=${choose(() => save('mp4'))}><b>MP4</b> plays everywhere</button>
      <button @click=${choose(() => save('webm'))}><b>WebM</b> for the web</button>
      <button @click=${choose(() => save('gif'))}><b>GIF</b> for messages</button>
      <button @click=${choose(captions)}><b>VTT</b> captions only</button>
    </div>
  `;
}
