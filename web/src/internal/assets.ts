import { models } from 'kinora:models';
import type { LoadArgs } from './protocol.js';

// Each file once, as a literal inside a function: the one form that every bundler sees and none evaluates early.
const files = {
  'worker.js': () => new URL('./worker.js', import.meta.url),
  'engine.wasm': () => new URL('./engine.wasm', import.meta.url),
  'engine-relaxed.wasm': () => new URL('./engine-relaxed.wasm', import.meta.url),
  'engine-threads.wasm': () => new URL('./engine-threads.wasm', import.meta.url),
  'grammar.wasm': () => new URL('./grammar.wasm', import.meta.url),
  'gif.wasm': () => new URL('./gif.wasm', import.meta.url),
};

export interface Assets {
  worker: string;
  engines: LoadArgs['engines'];
  grammar: LoadArgs['grammar'];
  gif: LoadArgs['gif'];
  models: LoadArgs['models'];
}

/** Absolute addresses of everything the worker loads; `base` (the option `assets`) replaces the bundler's. */
export function resolveAssets(base?: string | URL): Assets {
  const here = globalThis.location.href;
  const folder = base === undefined ? undefined : new URL(`${String(base).replace(/\/$/, '')}/`, here);
  // A bundler may turn the literal into a bare path: it is made absolute against the page.
  const at = (file: string, bundled: () => URL): string =>
    folder ? new URL(file, folder).href : new URL(String(bundled()), here).href;
  return {
    worker: at('worker.js', files['worker.js']),
    engines: {
      plain: at('engine.wasm', files['engine.wasm']),
      relaxed: at('engine-relaxed.wasm', files['engine-relaxed.wasm']),
      threads: at('engine-threads.wasm', files['engine-threads.wasm']),
    },
    grammar: at('grammar.wasm', files['grammar.wasm']),
    gif: at('gif.wasm', files['gif.wasm']),
    models: models.map(({ name, file, bytes, sha256, url }) => ({
      name,
      file,
      bytes,
      sha256,
      url: at(`models/${file}`, url),
    })),
  };
}
