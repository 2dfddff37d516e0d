import type { DeviceInfo } from 'kinora';
import { html, type TemplateResult } from 'lit';
import type { Host } from './host.js';
import { icon } from './icons.js';
import { megabytes, perSecond } from './words.js';

/** Which device runs, how fast and in how much memory; while the engine starts, how far it is. */
export function deviceView({ device, loading, speed, memory }: Host): TemplateResult {
  if (loading && !device) {
    const share = loading.total ? ` ${Math.round((100 * loading.loaded) / loading.total)} %` : '';
    return html`<span class="device">${icon('chip')}${loading.text}${loading.phase === 'download' ? share : ''}</span>`;
  }
  if (!device) return html`<span class="device">${icon('chip')}On your device</span>`;
  const figures = [
    speed === undefined ? '' : perSecond(speed),
    memory === undefined ? '' : megabytes(memory.wasm),
  ].filter(Boolean);
  return html`
    <button class="device" popovertarget="device">
      ${icon('chip')}${device.kind.toUpperCase()}<span class="wide"> · ${device.name}</span>${figures.map((figure) => html`<span class="figure">${figure}</span>`)}
    </button>
    <div id="device" popover class="sheet">
      <h2>What runs here</h2>
      <p><strong>${named(device)}.</strong> ${device.why}</p>
      <p>
        ${
          globalThis.crossOriginIsolated
            ? `This page may use threads; the engine works with ${device.threads}.`
            : 'One thread: the server sends no isolation headers. With them (see “hosting” in the README) films come faster.'
        }
      </p>
      ${
        memory
          ? html`<p>Memory of the engine: ${megabytes(memory.wasm)}, of which ${megabytes(memory.weights)} are the weights of text models.</p>`
          : ''
      }
    </div>
  `;
}

const named = (device: DeviceInfo): string => `${device.kind.toUpperCase()}, ${device.name}`;
