import { html, LitElement, type TemplateResult } from 'lit';
import { ChatPage } from './chat/page.js';
import { deviceView } from './device.js';
import { FilmPage } from './film/page.js';
import { Host } from './host.js';
import { icon } from './icons.js';
import { Library } from './models/library.js';
import { ModelsPage } from './models/page.js';

const ROOMS = ['film', 'chat', 'models'] as const;
type Room = (typeof ROOMS)[number];
const NAMES: Record<Room, string> = { film: 'Film', chat: 'Chat', models: 'Models' };

/** The whole page: one engine, and the rooms in which it is used. */
export class KinoraApp extends LitElement {
  static override properties = { room: { state: true }, dropping: { state: true } };
  declare room: Room;
  declare dropping: boolean;
  private readonly host = new Host();
  private readonly library = new Library(this.host);
  private readonly pages = {
    film: new FilmPage(this.host),
    chat: new ChatPage(this.host, this.library),
    models: new ModelsPage(this.host, this.library),
  };

  constructor() {
    super();
    this.room = 'film';
    this.dropping = false;
    this.host.listen(() => this.requestUpdate());
    this.pages.film.addEventListener('progress', () => this.retitle());
  }

  protected override createRenderRoot(): HTMLElement {
    // The static page of index.html stays until there is something to take its place.
    this.replaceChildren();
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('hashchange', () => this.enter());
    document.addEventListener('dragover', (event) => this.over(event));
    document.addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) this.dropping = false;
    });
    document.addEventListener('drop', (event) => this.drop(event));
    this.enter();
    const { connection } = navigator as { connection?: { saveData?: boolean } };
    if (!connection?.saveData) (globalThis.requestIdleCallback ?? setTimeout)(() => this.host.warm());
  }

  private enter(): void {
    const wanted = location.hash.slice(1);
    this.room = ROOMS.find((room) => room === wanted) ?? 'film';
    for (const room of ROOMS) this.pages[room].hidden = room !== this.room;
    this.retitle();
  }

  private retitle(): void {
    const { progress } = this.pages.film;
    const share = progress ?? this.library.progress;
    document.title = share === undefined ? 'Kinora' : `${Math.round(share * 100)} % · Kinora`;
  }

  private over(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.dropping = true;
  }

  private drop(event: DragEvent): void {
    this.dropping = false;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    location.hash = '#chat';
    void this.library.open(files);
  }

  protected override updated(): void {
    this.retitle();
  }

  protected override render(): TemplateResult {
    return html`
      <header class="bar">
        <a class="logo" href="#film" aria-label="Kinora, start"><img src="./icon.svg" alt="" width="28" height="28" /><span class="wide">Kinora</span></a>
        <nav aria-label="Rooms">
          ${ROOMS.map((room) => html`<a href="#${room}" aria-current=${room === this.room ? 'page' : 'false'}>${icon(room)}${NAMES[room]}</a>`)}
        </nav>
        ${deviceView(this.host)}
      </header>
      <main>${this.pages.film}${this.pages.chat}${this.pages.models}</main>
      <footer ?hidden=${this.room === 'chat'}>
        <p>Everything runs on this device. Nothing is sent.</p>
      </footer>
      <div class="drop" ?hidden=${!this.dropping} aria-hidden="true"><p>${icon('models')}Drop a GGUF model to chat with it</p></div>
    `;
  }
}

customElements.define('kinora-app', KinoraApp);
