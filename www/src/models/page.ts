import type { StoredModel } from 'kinora';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Host } from '../host.js';
import { icon } from '../icons.js';
import { megabytes, millions, timeLeft } from '../words.js';
import type { Download, Library } from './library.js';
import { troubleView } from './trouble.js';

/** Addresses of small models that many people use. A click fills them in; nothing is fetched by it. */
const KNOWN = [
  [
    'Qwen2.5 0.5B',
    'https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct-GGUF/resolve/main/qwen2.5-0.5b-instruct-q4_k_m.gguf',
  ],
  ['Qwen3 0.6B', 'https://huggingface.co/Qwen/Qwen3-0.6B-GGUF/resolve/main/Qwen3-0.6B-Q8_0.gguf'],
  [
    'SmolLM2 360M',
    'https://huggingface.co/HuggingFaceTB/SmolLM2-360M-Instruct-GGUF/resolve/main/smollm2-360m-instruct-q8_0.gguf',
  ],
] as const;

/** The models on this device, and how to get more. */
export class ModelsPage extends LitElement {
  static override properties = { asked: { state: true } };
  /** The model whose deletion waits for a second click. */
  declare asked: string;

  constructor(
    host: Host,
    private readonly library: Library,
  ) {
    super();
    this.asked = '';
    host.listen(() => this.requestUpdate());
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const look = (): void => {
      if (!this.hidden) void this.library.refresh();
    };
    window.addEventListener('hashchange', () => setTimeout(look));
    setTimeout(look);
  }

  private get address(): HTMLInputElement | null {
    return this.querySelector<HTMLInputElement>('#model-url');
  }

  private ask(): void {
    const url = this.address?.value.trim() ?? '';
    if (url) void this.library.ask(url);
    else this.address?.focus();
  }

  private choose(event: Event): void {
    const input = event.currentTarget as HTMLInputElement;
    const keep = this.querySelector<HTMLInputElement>('#keep')?.checked ?? false;
    const files = [...(input.files ?? [])];
    input.value = '';
    if (files.length > 0) void this.library.open(files, keep);
  }

  protected override render(): TemplateResult {
    const { library } = this;
    const waiting = [...library.downloads.values()].filter(({ url }) => !library.models.some((m) => m.urls[0] === url));
    return html`
      <div class="shell">
        <h1>Models on this device</h1>
        ${troubleView(library)}
        <section class="get" aria-labelledby="get-title">
          <h2 id="get-title">Get a model</h2>
          <form
            class="box"
            @submit=${(event: Event) => {
              event.preventDefault();
              this.ask();
            }}
          >
            <label for="model-url">Address</label>
            <input id="model-url" type="url" inputmode="url" autocomplete="off" placeholder="https://…/model.gguf" aria-describedby="get-help" />
            <button class="make" ?disabled=${library.asking}>${library.asking ? 'Looking…' : 'Look'}</button>
          </form>
          <p id="get-help" class="facts">Any GGUF text model of a server that lets other pages read it. Its header is read first; the rest only when you say so.</p>
          <ul class="ideas" aria-label="Known addresses">
            ${KNOWN.map(
              ([name, url]) =>
                html`<li><button class="chip" @click=${() => {
                  if (this.address) this.address.value = url;
                  this.ask();
                }}>${name}</button></li>`,
            )}
          </ul>
          ${this.offerView()}
          <p class="pick">
            <label class="quiet file">${icon('open')}Open a file<input type="file" accept=".gguf" multiple @change=${(event: Event) => this.choose(event)} /></label>
            <label class="check"><input type="checkbox" id="keep" />keep a copy here for the next visit</label>
          </p>
          ${library.opening ? html`<p class="wait" role="status">${library.opening.text}…</p>` : nothing}
        </section>
        <section aria-labelledby="have-title">
          <h2 id="have-title">Here</h2>
          <ul class="models">
            <li class="model">
              <div class="what"><b>Kinora’s own</b><p class="facts">writes the films’ scripts · comes with the page</p></div>
              ${
                library.chosen === ''
                  ? html`<span class="tag">in use</span>`
                  : html`<button class="quiet" @click=${() => void library.use(undefined)}>Use</button>`
              }
            </li>
            ${waiting.map((download) => html`<li class="model">${downloadView(download, library)}</li>`)}
            ${library.models.map((model) => html`<li class="model">${this.modelView(model)}</li>`)}
          </ul>
          ${this.storageView()}
        </section>
      </div>
    `;
  }

  private offerView(): TemplateResult | typeof nothing {
    const { offer } = this.library;
    if (!offer) return nothing;
    const { url, estimate } = offer;
    const { about } = estimate;
    return html`
      <div class="offer" role="status">
        <div class="what">
          <b>${about.title || estimate.name}</b>
          <p class="facts">${[about.architecture, about.quantisation, `${millions(about.parameters)} parameters`, `${about.context} tokens of context`].join(' · ')}</p>
          <p>
            ${estimate.bytes ? `${megabytes(estimate.bytes)} to download` : 'Already here'}${estimate.seconds ? ` (${timeLeft(estimate.seconds * 1000).replace(' left', '')})` : ''},
            about ${megabytes(estimate.memory)} of memory for a conversation of ${estimate.contextTokens} tokens.
            <strong data-bad=${!estimate.fits}>${estimate.fits ? 'It fits.' : 'It does not fit.'}</strong> ${estimate.why}
          </p>
        </div>
        <button class="make" ?disabled=${!estimate.fits} @click=${() => void this.library.fetch(url)}>
          ${icon('save')}${estimate.bytes ? 'Download' : 'Load'}
        </button>
      </div>
    `;
  }

  private modelView(model: StoredModel): TemplateResult {
    const { library } = this;
    const { about } = model;
    const download = library.downloads.get(model.urls[0] ?? '');
    if (download) return downloadView(download, library);
    const whole = model.have === model.bytes;
    const where = { disk: '', memory: 'in memory until you leave', file: 'read from your file' }[model.stored];
    const facts = [
      about.architecture,
      about.quantisation,
      about.parameters ? millions(about.parameters) : '',
      megabytes(model.bytes),
      where,
      about.kind === 'adapter' ? 'an adapter whose model is gone' : '',
      model.adapters?.length ? `with ${model.adapters.map(({ name }) => name).join(', ')}` : '',
    ];
    return html`
      <div class="what">
        <b>${model.name}</b>
        <p class="facts">${facts.filter(Boolean).join(' · ')}</p>
        ${
          whole
            ? nothing
            : html`<progress max=${model.bytes} .value=${model.have} aria-label=${`${model.name}, downloaded`}></progress>
              <p class="facts">${megabytes(model.have)} of ${megabytes(model.bytes)} are here</p>`
        }
      </div>
      ${library.chosen === model.name && library.loaded.has(model.name) ? html`<span class="tag">in use</span>` : nothing}
      ${
        whole && about.kind !== 'text'
          ? nothing
          : whole
            ? library.chosen === model.name
              ? html`<button class="quiet" @click=${() => void library.unload(model.name)}>Unload</button>`
              : html`<button class="quiet" ?disabled=${library.opening !== undefined} @click=${() => void library.use(model)}>Use</button>`
            : html`<button class="quiet" @click=${() => void library.fetch(model.urls[0] ?? '')}>${icon('play')}Resume</button>`
      }
      <button
        class="quiet"
        aria-label=${this.asked === model.key ? `Really delete ${model.name}` : `Delete ${model.name}`}
        @blur=${() => {
          this.asked = '';
        }}
        @click=${() => {
          if (this.asked === model.key) void library.remove(model);
          else this.asked = model.key;
        }}
      >
        ${icon('bin')}${this.asked === model.key ? 'Really?' : ''}
      </button>
    `;
  }

  private storageView(): TemplateResult | typeof nothing {
    const { storage } = this.library;
    if (!storage) return nothing;
    if (storage.quota === 0) {
      return html`<p class="facts">Models stay in memory until you leave: this browser keeps nothing for this page.</p>`;
    }
    const { usage, quota, persisted } = storage;
    return html`
      <div class="quota">
        <progress max=${quota} .value=${usage} aria-label="Storage used"></progress>
        <p class="facts">${megabytes(usage)} of ${megabytes(quota)} that the browser gives this page${persisted ? ', kept until you delete it' : ''}</p>
      </div>
    `;
  }
}

function downloadView({ url, progress }: Download, library: Library): TemplateResult {
  const name = progress?.file ?? url.split('/').at(-1) ?? url;
  const total = progress?.total;
  return html`
    <div class="what">
      <b>${name}</b>
      <progress max="1" .value=${total ? (progress?.loaded ?? 0) / total : 0} aria-label=${`${name}, progress`}></progress>
      <p class="facts" role="status">
        ${progress?.text ?? 'Asking the server'}${total ? html`: ${megabytes(progress?.loaded ?? 0)} of ${megabytes(total)}${progress?.etaMs ? `, ${timeLeft(progress.etaMs)}` : ''}` : nothing}
      </p>
    </div>
    <button class="quiet" @click=${() => library.pause(url)}>${icon('pause')}Pause</button>
  `;
}

customElements.define('models-page', ModelsPage);
