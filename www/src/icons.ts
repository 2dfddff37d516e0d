import { svg, type TemplateResult } from 'lit';

const PATHS = {
  play: 'M8 5.5v13l10.5-6.5z',
  pause: 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z',
  captions:
    'M4 5h16a1.5 1.5 0 0 1 1.5 1.5v11A1.5 1.5 0 0 1 20 19H4a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 4 5zm1.5 8v2h6v-2zm8 0v2h5v-2zm-8-3.6v2h4v-2zm6 0v2h7v-2z',
  full: 'M4 4h6v2.4H6.4V10H4zm10 0h6v6h-2.4V6.4H14zM4 14h2.4v3.6H10V20H4zm13.6 0H20v6h-6v-2.4h3.6z',
  spark:
    'M12 2.5l1.9 6.1a2.3 2.3 0 0 0 1.5 1.5l6.1 1.9-6.1 1.9a2.3 2.3 0 0 0-1.5 1.5L12 21.5l-1.9-6.1a2.3 2.3 0 0 0-1.5-1.5L2.5 12l6.1-1.9a2.3 2.3 0 0 0 1.5-1.5z',
  stop: 'M7 7h10v10H7z',
  save: 'M11 4h2v8.2l2.9-2.9 1.4 1.4L12 16l-5.3-5.3 1.4-1.4 2.9 2.9zM5 18h14v2H5z',
  link: 'M10.6 13.4a1 1 0 0 0 1.4 0l4.6-4.6a2.2 2.2 0 0 0-3.1-3.1l-2 2-1.4-1.4 2-2a4.2 4.2 0 0 1 5.9 5.9l-4.6 4.6a3 3 0 0 1-4.2 0zm2.8-2.8a1 1 0 0 0-1.4 0l-4.6 4.6a2.2 2.2 0 0 0 3.1 3.1l2-2 1.4 1.4-2 2a4.2 4.2 0 0 1-5.9-5.9l4.6-4.6a3 3 0 0 1 4.2 0z',
  chip: 'M9 2h2v3h2V2h2v3h2a2 2 0 0 1 2 2v2h3v2h-3v2h3v2h-3v2a2 2 0 0 1-2 2h-2v3h-2v-3h-2v3H9v-3H7a2 2 0 0 1-2-2v-2H2v-2h3v-2H2V9h3V7a2 2 0 0 1 2-2h2zm-.5 6.5v7h7v-7z',
};

/** A decorative picture of 24 × 24. */
export function icon(name: keyof typeof PATHS): TemplateResult {
  return svg`<svg viewBox="0 0 24 24" class="icon" aria-hidden="true"><path d=${PATHS[name]}></path></svg>`;
}
