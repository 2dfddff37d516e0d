// The bench module for a harness with a page of its own: `kernel(spec, opts)` gives the milliseconds of each pass, or null for a
// case that is none. `wasm/` beside this file is `target/wasm-bench`.
let module;

async function start() {
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('./wasm/kinora.js', import.meta.url).href;
    script.addEventListener('load', resolve);
    script.addEventListener('error', () => reject(new Error(`${script.src} is missing`)));
    document.head.append(script);
  });
  await wasm_bindgen({ module_or_path: new URL('./wasm/kinora_bg.wasm', import.meta.url) });
  return wasm_bindgen;
}

export async function kernel(spec, { threads, minReps, minMs, maxMs }) {
  if (threads !== 1) return null;
  module ??= start();
  const { PageCase } = await module;
  const one = PageCase.make(spec.name, threads);
  if (!one) return null;
  const pass = async () => {
    const from = performance.now();
    await one.run();
    return performance.now() - from;
  };
  await pass();
  const ms = [];
  const from = performance.now();
  const going = () => {
    const gone = performance.now() - from;
    return ms.length < 200 && gone < maxMs && (ms.length < minReps || gone < minMs);
  };
  while (going()) ms.push(await pass());
  one.free();
  return { ms };
}
