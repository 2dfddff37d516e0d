import { html, LitElement, type TemplateResult } from 'lit';

/** One picture. */
export class FilmStill extends LitElement {
  static override properties = { frame: { attribute: false } };
  declare frame: ImageData | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override updated(): void {
    const canvas = this.querySelector('canvas');
    if (!canvas || !this.frame) return;
    canvas.width = this.frame.width;
    canvas.height = this.frame.height;
    canvas.getContext('2d')?.putImageData(this.frame, 0, 0);
  }

  protected override render(): TemplateResult {
    return html`<canvas width="192" height="112" aria-hidden="true"></canvas>`;
  }
}

customElements.define('film-still', FilmStill);
