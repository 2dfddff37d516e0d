// Kinora in a harness that times engines beside each other in a page of its own: text through the package in `kinora/` (web/dist),
// single kernels through `wasm/` (target/wasm-bench). `./x bench peer` puts the three together in target/peer.
let kinora;
let calls = 0;

/** A GGUF from `url`, ready for a prompt. */
export async function load(url, { threads, device }) {
  const { Kinora } = await import(new URL('./kinora/index.js', import.meta.url).href);
  kinora = await Kinora.load({ assets: new URL('./kinora/', import.meta.url), threads, device, video: false });
  // The browsers of harnesses are private ones, whose disk is memory: the file is read while it comes and kept nowhere.
  await kinora.models.load(url, { name: 'model', storage: 'memory' });
  return kinora.device;
}

/** `n` tokens of which no two calls share the first, so that nothing is found in a cache. */
const prompt = (n) => {
  calls += 1;
  return Array.from({ length: n }, (_, i) => (i === 0 ? 300 + (calls % 2000) : 100 + ((i * 7919) % 20000)));
};

const complete = (n, max_tokens) =>
  kinora.completions.create({
    model: 'model',
    prompt: prompt(n),
    max_tokens,
    temperature: 0,
    kinora: { ignore_eos: true },
  });

export async function prefill(n) {
  const { kinora: report, usage } = await complete(n, 1);
  return { ms: report.prompt_ms, n: usage.prompt_tokens };
}

/** The first of the tokens comes with the prompt; the others are steps of their own. */
export async function decode(n, depth) {
  const { kinora: report, usage } = await complete(depth, n + 1);
  return { ms: report.completion_ms, n: usage.completion_tokens - 1 };
}

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

/** The milliseconds of each pass of a case, or null for one that is none. */
export async function kernel(spec, { threads, device, minReps, minMs, maxMs }) {
  if (threads !== 1) return null;
  module ??= start();
  const { PageCase } = await module;
  const one = device === 'gpu' ? await PageCase.makeOnGpu(spec.name) : PageCase.make(spec.name, threads);
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
