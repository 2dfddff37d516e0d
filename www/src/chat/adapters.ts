import type { ModelAdapter } from 'kinora';
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../icons.js';
import type { Library } from '../models/library.js';

/** The adapters of the chosen model: a file of the person's, each switched on and off with its strength. */
export function adaptersView(library: Library, busy: boolean): TemplateResult {
  const { adapters, strength } = library;
  return html`
    <section class="adapters" aria-labelledby="adapters-title">
      <h2 id="adapters-title">Adapters</h2>
      ${
        adapters.length === 0
          ? html`<p class="facts">A LoRA file (.gguf) that was made for this model changes how it writes.</p>`
          : html`<ul>${adapters.map((adapter) => adapterView(adapter, strength[adapter.name], library, busy))}</ul>`
      }
      <label class="quiet file" ?data-off=${busy}
        >${icon('open')}Add an adapter<input
          type="file"
          accept=".gguf"
          ?disabled=${busy}
          @change=${(event: Event) => {
            const input = event.currentTarget as HTMLInputElement;
            const [file] = input.files ?? [];
            input.value = '';
            if (file) void library.addAdapter(file);
          }}
      /></label>
    </section>
  `;
}

function adapterView(
  { name, scale }: ModelAdapter,
  strength: number | undefined,
  library: Library,
  busy: boolean,
): TemplateResult {
  return html`
    <li>
      <label class="check"
        ><input
          type="checkbox"
          .checked=${strength !== undefined}
          ?disabled=${busy}
          @change=${(event: Event) =>
            library.adapt(name, (event.currentTarget as HTMLInputElement).checked ? scale : undefined)}
        /><span>${name}</span></label
      >
      ${
        strength === undefined
          ? nothing
          : html`<input
              type="number"
              aria-label=${`Strength of ${name}`}
              min="-2"
              max="4"
              step="0.1"
              .value=${String(strength)}
              ?disabled=${busy}
              @change=${(event: Event) => {
                const value = Number((event.currentTarget as HTMLInputElement).value);
                library.adapt(name, Number.isFinite(value) ? value : scale);
              }}
            />`
      }
      <button class="small" aria-label=${`Remove ${name}`} ?disabled=${busy} @click=${() => void library.removeAdapter(name)}>
        ${icon('bin')}
      </button>
    </li>
  `;
}
