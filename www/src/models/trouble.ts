import { html, nothing, type TemplateResult } from 'lit';
import type { Library } from './library.js';

/** What went wrong with a model, with its remedy as words and, where there is one, as a button. */
export function troubleView(library: Library): TemplateResult | typeof nothing {
  const { trouble, fromMemory } = library;
  if (!trouble) return nothing;
  return html`
    <div class="trouble" role="alert">
      <p><strong>${trouble.message}</strong> ${trouble.hint}</p>
      ${fromMemory ? html`<button @click=${() => void fromMemory()}>Run from memory</button>` : nothing}
    </div>
  `;
}
