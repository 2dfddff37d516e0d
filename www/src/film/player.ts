import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { icon } from '../icons.js';
import { captionAt, clock, drawing, drawn, frameAt, length, type Take } from './take.js';

const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** Shows a take: the newest frame while it is drawn, and then the film with its captions, while it is refined in place. */
export class FilmPlayer extends LitElement {
  static override properties = {
    take: { attribute: false },
    stage: { attribute: false },
    tick: { attribute: false },
    at: { state: true },
    playing: { state: true },
    captions: { state: true },
  };
  declare take: Take | undefined;
  /** What to say in place of a picture; empty when there is one. */
  declare stage: string;
  /** Changes with every event of the film. */
  declare tick: number;
  declare at: number;
  declare playing: boolean;
  declare captions: boolean;
  private clockAt = 0;
  private request = 0;
  private shown: Take | undefined;
  private wasDrawing = false;
  /** Whether the person has chosen a frame: then the picture no longer runs after the newest one. */
  private chosen = false;

  constructor() {
    super();
    this.stage = '';
    this.tick = 0;
    this.at = 0;
    this.playing = false;
    this.captions = true;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.pause();
  }

  play(): void {
    const { take } = this;
    if (!take || drawn(take) === 0) return;
    if (this.at >= this.last) this.at = 0;
    this.chosen = true;
    this.playing = true;
    this.clockAt = performance.now() - (this.at / take.fps) * 1000;
    cancelAnimationFrame(this.request);
    this.request = requestAnimationFrame(() => this.run());
  }

  pause(): void {
    this.playing = false;
    cancelAnimationFrame(this.request);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Goes to a frame and stays there. */
  seek(at: number): void {
    this.pause();
    this.chosen = true;
    this.at = Math.max(0, Math.min(this.last, at));
  }

  /** Goes `by` shots on, or to the start of this one. */
  seekShot(by: number): void {
    const each = Math.max(1, this.take?.framesPerShot ?? 1);
    this.seek((Math.floor(this.at / each) + by) * each);
  }

  async fullScreen(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.querySelector('.stage')?.requestFullscreen();
  }

  private get last(): number {
    return this.take ? Math.max(0, drawn(this.take) - 1) : 0;
  }

  private run(): void {
    const { take } = this;
    if (!take || !this.playing) return;
    const at = Math.floor(((performance.now() - this.clockAt) / 1000) * take.fps);
    if (at > this.last) {
      this.at = this.last;
      // Where the film is still drawn faster than it plays, playing waits for the next frame.
      if (!drawing(take)) {
        this.playing = false;
        return;
      }
      this.clockAt = performance.now() - (this.at / take.fps) * 1000;
    } else this.at = at;
    this.request = requestAnimationFrame(() => this.run());
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('take') && this.take !== this.shown) {
      this.shown = this.take;
      this.chosen = false;
      this.wasDrawing = this.take !== undefined && drawing(this.take);
      this.pause();
      this.at = 0;
    }
    const now = this.take !== undefined && drawing(this.take);
    if (now && !this.chosen) this.at = this.last;
    if (this.wasDrawing && !now) {
      this.wasDrawing = false;
      const whole = this.take?.status === 'making' || this.take?.status === 'done';
      if (whole && !this.playing && !this.chosen) {
        this.at = 0;
        if (!calm.matches) this.play();
      }
    }
  }

  protected override updated(): void {
    const canvas = this.querySelector('canvas');
    const { take } = this;
    if (!canvas || !take) return;
    const frame = frameAt(take, this.at) ?? take.thumbnails[0];
    if (!frame) return;
    if (canvas.width !== frame.width || canvas.height !== frame.height) {
      canvas.width = frame.width;
      canvas.height = frame.height;
    }
    canvas.getContext('2d')?.putImageData(frame, 0, 0);
  }

  protected override render(): TemplateResult {
    const { take, at } = this;
    const any = take !== undefined && (drawn(take) > 0 || take.thumbnails.length > 0);
    const playable = take !== undefined && drawn(take) > 0;
    const live = take !== undefined && drawing(take);
    const fps = take?.fps ?? 12;
    const total = take ? Math.max(length(take), 1) : 1;
    const caption = take && any && this.captions ? captionAt(take, at) : '';
    const shot = take ? Math.floor(at / Math.max(1, take.framesPerShot)) : 0;
    return html`
      <section class="player" aria-label="Film">
        <div class="stage" ?data-live=${live && !this.chosen}>
          <canvas width="192" height="112" role="img" aria-label=${take?.shots[shot]?.caption ?? 'No film yet'} ?hidden=${!any}></canvas>
          ${any ? nothing : leader(this.stage)}
          ${caption ? html`<p class="caption" dir="auto"><span>${caption}</span></p>` : nothing}
          ${take?.status === 'making' && any ? html`<p class="live">${live ? 'Drawing' : 'Refining'}</p>` : nothing}
        </div>
        <div class="controls">
          <button class="round" aria-label=${this.playing ? 'Pause' : 'Play'} ?disabled=${!playable} @click=${() => this.toggle()}>
            ${icon(this.playing ? 'pause' : 'play')}
          </button>
          <input
            type="range"
            aria-label="Position"
            min="0"
            max=${total - 1}
            step="1"
            .value=${String(at)}
            aria-valuetext="${(at / fps).toFixed(1)} of ${(total / fps).toFixed(1)} seconds, shot ${shot + 1}"
            ?disabled=${!playable}
            @input=${(event: Event) => this.seek((event.target as HTMLInputElement).valueAsNumber)}
          />
          <span class="time">${clock(at / fps)} / ${clock(playable ? total / fps : 0)}</span>
          <button class="round" aria-label="Captions" aria-pressed=${this.captions} @click=${() => this.toggleCaptions()}>${icon('captions')}</button>
          <button class="round" aria-label="Full screen" ?disabled=${!playable} @click=${() => void this.fullScreen()}>${icon('full')}</button>
        </div>
      </section>
    `;
  }

  toggleCaptions(): void {
    this.captions = !this.captions;
  }
}

/** The leader of a film reel, with a word on what is coming. */
function leader(text: string): TemplateResult {
  return html`
    <div class="leader" aria-hidden="true">
      <svg viewBox="0 0 192 112" preserveAspectRatio="xMidYMid slice">
        <path d="M0 56h192M96 0v112" />
        <circle cx="96" cy="56" r="40" />
        <circle cx="96" cy="56" r="34" />
        <path class="sweep" d="M96 56V16" />
      </svg>
      <span>${text}</span>
    </div>
  `;
}

customElements.define('film-player', FilmPlayer);
