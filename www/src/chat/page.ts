import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Host } from '../host.js';
import { icon } from '../icons.js';
import { BUILT_IN, type Library } from '../models/library.js';
import { troubleView } from '../models/trouble.js';
import { perSecond } from '../words.js';
import { adaptersView } from './adapters.js';
import { Growing } from './growing.js';
import type { Call, Turn } from './history.js';
import { clean } from './markdown.js';
import { markdownView } from './markdown-view.js';
import { settingsView } from './settings.js';
import { Talk } from './talk.js';

const STARTS = [
  'Write a film script about a shy robot',
  'Hello! What can you do?',
  'Tell me a story of three sentences',
];
const MORE = ' more';
/** So near to the end of the page, it follows the text. */
const NEAR_PX = 160;

/** Where people talk with a text model. */
export class ChatPage extends LitElement {
  static override properties = { tuning: { state: true }, copied: { state: true } };
  declare tuning: boolean;
  /** The turn that was copied last. */
  declare copied: number;
  private readonly talk: Talk;
  private readonly texts = new WeakMap<Turn, Growing>();
  private follows = true;

  constructor(
    private readonly host: Host,
    private readonly library: Library,
  ) {
    super();
    this.tuning = false;
    this.copied = -1;
    this.talk = new Talk(host, library, () => this.requestUpdate());
    host.listen(() => this.requestUpdate());
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('scroll', () => {
      const { scrollHeight, clientHeight, scrollTop } = document.documentElement;
      this.follows = scrollHeight - clientHeight - scrollTop < NEAR_PX;
    });
    const look = (): void => {
      if (this.hidden) return;
      window.scrollTo({ top: document.documentElement.scrollHeight });
      if (this.library.models.length === 0) void this.library.refresh();
    };
    window.addEventListener('hashchange', () => setTimeout(look));
    setTimeout(look);
  }

  private get box(): HTMLTextAreaElement | null {
    return this.querySelector<HTMLTextAreaElement>('#message');
  }

  private key(event: KeyboardEvent): void {
    if (this.hidden || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target as HTMLElement;
    if (event.key === 'Escape' && !document.querySelector(':popover-open')) this.talk.stop();
    else if (event.key === '/' && !target.matches('textarea, select, input')) this.box?.focus();
    else return;
    event.preventDefault();
  }

  private send(): void {
    const { box } = this;
    if (!box || this.talk.busy) return;
    if (box.value.trim() === '') {
      box.focus();
      return;
    }
    this.follows = true;
    this.talk.send(box.value);
    box.value = '';
  }

  private pick(event: Event): void {
    const select = event.currentTarget as HTMLSelectElement;
    const { value } = select;
    if (value === MORE) {
      select.value = this.library.chosen;
      location.hash = '#models';
      return;
    }
    void this.library.use(this.library.models.find(({ name }) => name === value));
  }

  private async copy(turn: Turn, index: number): Promise<void> {
    await navigator.clipboard?.writeText(clean(turn.text)).catch(() => undefined);
    this.copied = index;
  }

  /** While a model writes, the page is drawn once a frame however fast it is, and not at all while nobody looks. */
  protected override async scheduleUpdate(): Promise<void> {
    if (this.talk.busy && this.hasUpdated) await new Promise(requestAnimationFrame);
    super.scheduleUpdate();
  }

  protected override updated(): void {
    if (this.follows && this.talk.busy && !this.hidden) window.scrollTo({ top: document.documentElement.scrollHeight });
  }

  protected override render(): TemplateResult {
    const { talk, library } = this;
    const { turns, trouble } = talk;
    return html`
      <div class="shell chat" ?data-fresh=${turns.length === 0}>
        <div class="head">
          <h1 class="unseen">Chat</h1>
          ${this.modelView()}
          <button class="quiet" ?disabled=${turns.length === 0} @click=${() => talk.clear()}>${icon('chat')}New chat</button>
          <button
            class="quiet"
            aria-expanded=${this.tuning}
            aria-controls="settings"
            @click=${() => {
              this.tuning = !this.tuning;
            }}
          >
            ${icon('tune')}Settings
          </button>
        </div>
        <div class="talk" ?data-tuning=${this.tuning}>
          <div class="column">
            ${turns.length === 0 ? this.freshView() : nothing}
            <div class="log" role="log" aria-live="off" aria-label="Conversation">
              ${turns.map((turn, i) => this.turnView(turn, i))}
            </div>
            ${troubleView(library)}
            ${
              trouble
                ? html`<div class="trouble" role="alert"><p><strong>${trouble.message}</strong> ${trouble.hint}</p>
                  ${trouble.retry ? html`<button @click=${() => talk.again()}>Try again</button>` : nothing}</div>`
                : nothing
            }
            ${library.opening ? html`<p class="wait" role="status">${library.opening.text}…</p>` : nothing}
            <form
              class="box composer"
              @submit=${(event: Event) => {
                event.preventDefault();
                this.send();
              }}
            >
              <label class="unseen" for="message">Message</label>
              <textarea
                id="message"
                rows="1"
                dir="auto"
                placeholder="Message ${library.chosen || 'Kinora'}"
                autocomplete="off"
                @focus=${() => this.host.warm()}
                @keydown=${(event: KeyboardEvent) => {
                  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
                  event.preventDefault();
                  this.send();
                }}
              ></textarea>
              ${
                talk.busy
                  ? html`<button type="button" class="stop" @click=${() => talk.stop()}>${icon('stop')}Stop</button>`
                  : html`<button class="make">${icon('up')}Send</button>`
              }
            </form>
            ${talk.kept ? nothing : html`<p class="help">This browser gives the page no storage: the conversation is gone when you close it.</p>`}
          </div>
          <aside id="settings" aria-label="Settings" ?hidden=${!this.tuning}>${adaptersView(library, talk.busy)}${settingsView(talk)}</aside>
        </div>
      </div>
      <p class="unseen" role="status">${talk.status}</p>
    `;
  }

  private modelView(): TemplateResult {
    const { library } = this;
    const whole = library.models.filter(({ have, bytes, about }) => have === bytes && about.kind === 'text');
    return html`
      <div class="model-pick">
        <label class="unseen" for="model">Model</label>
        <select id="model" @change=${(event: Event) => this.pick(event)} ?disabled=${library.opening !== undefined || this.talk.busy}>
          <option value=${BUILT_IN} ?selected=${library.chosen === BUILT_IN}>Kinora’s own (built in)</option>
          ${whole.map(({ name }) => html`<option value=${name} ?selected=${library.chosen === name}>${name}</option>`)}
          <option value=${MORE}>More models…</option>
        </select>
      </div>
    `;
  }

  private freshView(): TemplateResult {
    return html`
      <div class="fresh">
        <p class="title">Talk with a model <em>on your own device.</em></p>
        ${
          this.library.chosen === BUILT_IN
            ? html`<p class="lead">
                The built-in model is tiny: it writes the scripts of the films, and not much more. For a real conversation drop a GGUF
                file on this page, or <a href="#models">get a model</a>.
              </p>`
            : html`<p class="lead"><strong>${this.library.chosen}</strong> is ready.</p>`
        }
        <ul class="ideas" aria-label="Examples">
          ${STARTS.map((text) => html`<li><button class="chip" @click=${() => this.talk.send(text)}>${text}</button></li>`)}
        </ul>
      </div>
    `;
  }

  private turnView(turn: Turn, i: number): TemplateResult {
    if (turn.role === 'user') {
      return html`<article class="said" aria-label="You"><p dir="auto">${turn.text}</p></article>`;
    }
    const { talk } = this;
    const last = i === talk.turns.length - 1;
    const writing = last && talk.busy;
    const ended = { stopped: 'stopped', length: 'cut off at its longest', failed: 'failed' };
    const facts = [
      turn.model ?? '',
      turn.speed ? perSecond(turn.speed) : '',
      turn.tokens ? `${turn.tokens} tokens` : '',
      turn.ended ? ended[turn.ended] : '',
    ];
    return html`
      <article class="answer" aria-label="Answer" aria-busy=${writing}>
        ${
          turn.json
            ? html`<pre tabindex="0" aria-label="JSON"><code>${pretty(turn.text)}</code></pre>`
            : html`<div class="text" dir="auto">${markdownView(this.textOf(turn).blocks(turn.text))}</div>`
        }
        ${writing && turn.text === '' && !turn.calls ? html`<p class="wait">Reading…</p>` : nothing}
        ${turn.calls?.map((call) => this.callView(call))}
        <footer>
          <span class="facts">${facts.filter(Boolean).join(' · ')}</span>
          ${
            writing
              ? nothing
              : html`
                ${turn.text ? html`<button class="small" @click=${() => void this.copy(turn, i)}>${icon('copy')}${this.copied === i ? 'Copied' : 'Copy'}</button>` : nothing}
                ${last ? html`<button class="small" @click=${() => talk.again()}>${icon('again')}Regenerate</button>` : nothing}
              `
          }
        </footer>
      </article>
    `;
  }

  private textOf(turn: Turn): Growing {
    const known = this.texts.get(turn) ?? new Growing();
    this.texts.set(turn, known);
    return known;
  }

  private callView(call: Call): TemplateResult {
    return html`
      <div class="call" data-state=${call.state}>
        <p>${icon('tool')}<b>${call.name}</b></p>
        <pre tabindex="0" aria-label="Arguments"><code>${pretty(call.arguments)}</code></pre>
        ${
          call.result === undefined
            ? this.talk.busy && call.state === 'asked' && this.talk.status.endsWith(`${call.name}.`)
              ? html`<p class="consent">
                  The model wants to run this. <button class="make" @click=${() => this.talk.allow(true)}>Allow</button>
                  <button class="quiet" @click=${() => this.talk.allow(false)}>Refuse</button>
                </p>`
              : nothing
            : html`<p class="result" dir="auto">${call.result}</p>`
        }
      </div>
    `;
  }
}

/** JSON with line breaks; what is not whole yet as it stands. */
function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

customElements.define('chat-page', ChatPage);
