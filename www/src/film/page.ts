import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Host } from '../host.js';
import { icon } from '../icons.js';
import { saveFile } from '../words.js';
import type { FilmPlayer } from './player.js';
import './still.js';
import './player.js';
import { readLink, STYLES, shareLink } from './share.js';
import { Studio } from './studio.js';
import { drawn, type Wish } from './take.js';
import { exportView, noticesView, progressView, scriptView, storyboardView } from './views.js';

const IDEAS = [
  'a shy robot finds a flower in the snow',
  'a cat and a dog dance on the moon',
  'a dragon learns to fly over the sea',
  'a penguin with an umbrella in the rain',
  'a ghost looks for a star in the castle',
];

const seed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** Where an idea becomes a film. */
export class FilmPage extends LitElement {
  static override properties = { empty: { state: true }, copied: { state: true } };
  /** Whether a film was asked for without an idea. */
  declare empty: boolean;
  declare copied: boolean;
  private tick = 0;
  private readonly studio: Studio;
  private link: Partial<Wish> = {};

  constructor(private readonly host: Host) {
    super();
    this.studio = new Studio(host, () => {
      this.tick += 1;
      this.requestUpdate();
    });
    host.listen(() => this.requestUpdate());
    this.empty = false;
    this.copied = false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('hashchange', () => this.fromLink());
    void this.studio.recover().then(() => this.fromLink());
  }

  private get box(): HTMLTextAreaElement | null {
    return this.querySelector<HTMLTextAreaElement>('#idea');
  }
  private get player(): FilmPlayer | null {
    return this.querySelector<FilmPlayer>('film-player');
  }

  private fromLink(): void {
    const link = readLink(location.hash);
    this.link = link ?? {};
    const wish = link ?? this.studio.take?.wish;
    if (!wish || !this.box) return;
    this.box.value = wish.idea ?? '';
    const set = (id: string, value: string | undefined): void => {
      const field = this.querySelector<HTMLInputElement | HTMLSelectElement>(`#${id}`);
      if (field && value !== undefined) field.value = value;
    };
    set('shots', wish.shots?.toString());
    set('style', wish.style);
  }

  private wish(): Wish {
    const value = (id: string): string => this.querySelector<HTMLSelectElement>(`#${id}`)?.value ?? '';
    const idea = this.box?.value.trim() ?? '';
    // The link's seed makes the link's film; any other idea gets a new one.
    const linked = this.link.idea === idea ? this.link.seed : undefined;
    return { idea, seed: linked ?? seed(), shots: Number(value('shots')) || 3, style: value('style') || 'flat' };
  }

  private make(wish = this.wish()): void {
    this.empty = wish.idea === '';
    this.copied = false;
    if (this.empty) {
      this.box?.focus();
      return;
    }
    void this.studio.make(wish);
  }

  private key(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.altKey || this.hidden) return;
    const target = event.target as HTMLElement;
    const typing = target.matches('textarea, select, input:not([type=range])');
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.make();
    else if (event.key === 'Escape' && !document.querySelector(':popover-open')) this.studio.stop();
    else if (typing || event.ctrlKey || event.metaKey) return;
    else if (event.key === '/') this.box?.focus();
    else if (event.key === ' ' && !target.matches('button, summary, a')) this.player?.toggle();
    else if (event.key === 'c') this.player?.toggleCaptions();
    else if (event.key === 'f') void this.player?.fullScreen();
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      if (target.matches('input') && !event.shiftKey) return;
      const by = event.key === 'ArrowRight' ? 1 : -1;
      if (event.shiftKey) this.player?.seekShot(by);
      else this.player?.seek(this.player.at + by);
    } else return;
    event.preventDefault();
  }

  private async save(format: 'mp4' | 'webm' | 'gif'): Promise<void> {
    const blob = await this.studio.export(format);
    if (blob) saveFile(blob, `${fileName(this.studio.take?.title ?? '')}.${blob.type.split('/')[1] ?? format}`);
  }

  private saveCaptions(): void {
    const { take } = this.studio;
    if (!take) return;
    void this.studio
      .captions()
      .then((text) => saveFile(new Blob([text], { type: 'text/vtt' }), `${fileName(take.title)}.vtt`));
  }

  private async copyLink(): Promise<void> {
    const { take } = this.studio;
    if (!take) return;
    const link = shareLink(take.wish);
    history.replaceState(null, '', link);
    this.link = take.wish;
    // Without the clipboard the link still stands in the address bar.
    await navigator.clipboard?.writeText(link).catch(() => undefined);
    this.copied = true;
  }

  protected override render(): TemplateResult {
    const { studio } = this;
    const { take, coming, trouble } = studio;
    const fresh = !take && !coming;
    const said = coming ?? take;
    return html`
      <div class="shell" ?data-fresh=${fresh}>
        <div class="ask">
          <h1>Type an idea. <em>Watch the film.</em></h1>
          <form
            @submit=${(event: Event) => {
              event.preventDefault();
              this.make();
            }}
          >
            <div class="box">
              <label for="idea">Idea</label>
              <textarea
                id="idea"
                rows="1"
                dir="auto"
                placeholder=${IDEAS[0] ?? ''}
                autocomplete="off"
                aria-invalid=${this.empty}
                aria-describedby="idea-help"
                @focus=${() => this.host.warm()}
                @input=${() => {
                  this.empty = false;
                }}
                @keydown=${(event: KeyboardEvent) => {
                  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
                  event.preventDefault();
                  this.make();
                }}
              ></textarea>
              ${
                studio.making
                  ? html`<button type="button" class="stop" @click=${() => studio.stop()}>${icon('stop')}Stop</button>`
                  : nothing
              }
              <button class="make">${icon('spark')}Make film</button>
            </div>
            <p id="idea-help" class="help" ?data-bad=${this.empty}>
              ${this.empty ? 'Say in a few words what the film is about, or take one of these.' : 'A sentence is enough: who, where, what happens.'}
            </p>
            <div class="choices">
              <ul class="ideas" aria-label="Examples">
                ${IDEAS.map(
                  (idea) =>
                    html`<li><button type="button" class="chip" @click=${() => this.pick(idea)}>${idea}</button></li>`,
                )}
              </ul>
              <div class="options">
                <label>Style<select id="style">${STYLES.map((style) => html`<option value=${style}>${style}</option>`)}</select></label>
                <label>Shots<select id="shots">${[1, 2, 3, 4, 5, 6].map((n) => html`<option value=${n} ?selected=${n === 3}>${n}</option>`)}</select></label>
              </div>
            </div>
          </form>
        </div>
        ${progressView(studio)}
        ${
          trouble
            ? html`<div class="trouble" role="alert"><p><strong>${trouble.message}</strong> ${trouble.hint}</p>
                ${trouble.retry ? html`<button @click=${() => this.make()}>Try again</button>` : nothing}</div>`
            : nothing
        }
        <div class="work">
          <film-player .take=${take} .stage=${studio.pace?.text ?? 'Your film plays here'} .tick=${this.tick}></film-player>
          <div class="side">
            ${noticesView(said)} ${scriptView(said, coming !== undefined)}
          </div>
        </div>
        ${
          take && drawn(take) > 0
            ? html`<div class="actions">
                ${exportView(
                  studio.exporting,
                  (format) => void this.save(format),
                  () => this.saveCaptions(),
                )}
                <button class="quiet" @click=${() => void this.copyLink()}>${icon('link')}${this.copied ? 'Link copied' : 'Copy link'}</button>
                ${
                  take.status !== 'making' && !studio.making && take.status !== 'done'
                    ? html`<button class="quiet" @click=${() => this.make(take.wish)}>${icon('spark')}Finish this film</button>`
                    : nothing
                }
              </div>`
            : nothing
        }
        ${storyboardView(take, (shot) => this.player?.seek(shot * (take?.framesPerShot ?? 1)))}
      </div>
      <p class="foot keys"><kbd>/</kbd> idea <kbd>Ctrl</kbd> <kbd>Enter</kbd> make <kbd>Esc</kbd> stop <kbd>Space</kbd> play <kbd>←</kbd> <kbd>→</kbd> frame <kbd>C</kbd> captions</p>
      ${studio.store.denied ? html`<p class="foot">This browser gives the page no storage: the film is gone when you close it, so export it first.</p>` : nothing}
      <p class="unseen" role="status">${studio.status}</p>
    `;
  }

  /** How far a film in the making is, 0 to 1. */
  get progress(): number | undefined {
    return this.studio.pace?.fraction;
  }

  protected override updated(): void {
    this.dispatchEvent(new Event('progress'));
  }

  private pick(idea: string): void {
    if (this.box) this.box.value = idea;
    this.make();
  }
}

function fileName(title: string): string {
  return (
    title
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60)
      .toLowerCase() || 'kinora-film'
  );
}

customElements.define('film-page', FilmPage);
