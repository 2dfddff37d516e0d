import { html, nothing, type TemplateResult } from 'lit';
import type { Settings } from './history.js';
import type { Talk } from './talk.js';
import { TOOLS } from './tools.js';

const NUMBERS: readonly { field: keyof Settings; label: string; hint: string; max: number; step: string }[] = [
  { field: 'temperature', label: 'Temperature', hint: '0 is always the likeliest word', max: 2, step: '0.05' },
  { field: 'top_p', label: 'Top-p', hint: 'words that make up this share', max: 1, step: '0.05' },
  { field: 'top_k', label: 'Top-k', hint: 'so many of the likeliest words', max: 1000, step: '1' },
  { field: 'min_p', label: 'Min-p', hint: 'at least this share of the likeliest', max: 1, step: '0.01' },
  { field: 'max_tokens', label: 'Longest answer', hint: 'in tokens', max: 1_000_000, step: '1' },
  { field: 'seed', label: 'Seed', hint: 'the same one, the same answer', max: 2 ** 32 - 1, step: '1' },
];

/** How the model is to answer. */
export function settingsView(talk: Talk): TemplateResult {
  const { settings } = talk;
  const value = (event: Event): string => (event.currentTarget as HTMLInputElement).value;
  const checked = (event: Event): boolean => (event.currentTarget as HTMLInputElement).checked;
  return html`
    <h2>Settings</h2>
    <label class="field wide">System prompt
      <textarea rows="3" dir="auto" .value=${settings.system} @change=${(event: Event) => talk.set({ system: value(event) })}></textarea>
    </label>
    ${NUMBERS.map(
      ({ field, label, hint, max, step }) => html`
        <label class="field">${label}<small>${hint}</small>
          <input type="number" inputmode="decimal" min="0" max=${max} step=${step} placeholder="auto" .value=${settings[field] as string} @change=${(event: Event) => talk.set({ [field]: value(event) })} />
        </label>
      `,
    )}
    <h2>Answer</h2>
    <label class="check"><input type="checkbox" .checked=${settings.json} @change=${(event: Event) => talk.set({ json: checked(event) })} />as JSON that follows a schema</label>
    ${
      settings.json
        ? html`<label class="field wide">Schema
            <textarea rows="9" spellcheck="false" class="code" .value=${settings.schema} @change=${(event: Event) => talk.set({ schema: value(event) })}></textarea>
          </label>`
        : nothing
    }
    <fieldset ?disabled=${settings.json}>
      <legend>Tools that the model may use</legend>
      ${TOOLS.map(
        ({ name, description, pure }) => html`
          <label class="check"><input
              type="checkbox"
              .checked=${settings.tools.includes(name)}
              @change=${(event: Event) => {
                const rest = settings.tools.filter((other) => other !== name);
                talk.set({ tools: checked(event) ? [...rest, name] : rest });
              }}
            /><span><b>${name}</b> ${description} <small>${pure ? 'Runs at once.' : 'Asks you first.'}</small></span></label>
        `,
      )}
    </fieldset>
    <button class="small" @click=${() => talk.resetSettings()}>Reset all</button>
  `;
}
