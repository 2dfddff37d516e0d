// Text cases in Chromium: folders with model.gguf, case.json and expected.safetensors, as `kinora parity` takes them.
// node tests/bench/parity.mjs [--device cpu|gpu] FOLDER...   (./x parity-web builds first). Exit code 1 when a case fails.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { launch, root, serveFiles } from './browser.mjs';

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: 'string', default: 'cpu' },
    wasm: { type: 'string', default: path.join(root, 'target/wasm-bench') },
  },
});

/** The f32 tensors of a safetensors file. */
function tensors(file) {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  delete header.__metadata__;
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          data_offsets: [from, to],
        },
      ]) => [
        name,
        new Float32Array(bytes.buffer.slice(bytes.byteOffset + 8 + length + from, bytes.byteOffset + 8 + length + to)),
      ],
    ),
  );
}

const greedy = (row) => row.reduce((best, x, i) => (x > row[best] ? i : best), 0);

/** Largest and mean error in spreads, and how often another token is the likeliest. */
function errors(got, expected, spread, vocab) {
  let [max, sum, others] = [got.length === expected.length ? 0 : Number.POSITIVE_INFINITY, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(got[i] - expected[i]) / spread;
    sum += error;
    if (!(error <= max)) max = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  for (let at = 0; at < expected.length; at += vocab) {
    others += greedy(got.subarray(at, at + vocab)) === greedy(expected.subarray(at, at + vocab)) ? 0 : 1;
  }
  return { max, mean: sum / expected.length, others };
}

let model;
const site = await serveFiles({
  '/': () => [
    'text/html',
    '<!doctype html><meta charset="utf-8"><title>Parity</title><script src="/kinora/kinora.js"></script>',
  ],
  '/kinora/': options.wasm,
  '/model': () => ['application/octet-stream', readFileSync(model)],
});
const { browser, page } = await launch(site.url);
let failed = 0;
try {
  await page.evaluate(async () => {
    await wasm_bindgen({ module_or_path: '/kinora/kinora_bg.wasm' });
    window.logits = async (device, tokens, oneByOne) => {
      const bytes = new Uint8Array(await (await fetch('/model')).arrayBuffer());
      const decoder = await wasm_bindgen.PageDecoder.load(bytes, device);
      const all = [];
      for (const list of tokens) all.push(await decoder.logits(Uint32Array.from(list), oneByOne));
      decoder.free();
      // base64 crosses many times faster than a list of numbers
      const encode = async (values) =>
        new Promise((resolve) => {
          const reader = new FileReader();
          reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
          reader.readAsDataURL(new Blob([values]));
        });
      return Promise.all(all.map(encode));
    };
  });
  for (const folder of folders) {
    model = path.join(folder, 'model.gguf');
    const { tokens, tolerance, logit_std: spread, quant } = JSON.parse(readFileSync(path.join(folder, 'case.json')));
    const expected = tensors(path.join(folder, 'expected.safetensors'));
    const floats = ['F32', 'F16', 'BF16'].includes(quant);
    // on the CPU quantised weights meet rounded activations; `exact` does without
    const runs =
      options.device === 'gpu'
        ? [['gpu', tolerance.exact, false]]
        : [
            ['exact', tolerance.exact, false],
            ['cpu', floats ? tolerance.exact : tolerance.int8, false],
            ['cpu', floats ? tolerance.exact : tolerance.int8, true],
          ];
    for (const [device, { max, mean }, oneByOne] of runs) {
      // one by one is slow on an emulated adapter, and so are long lists
      const lists = device === 'gpu' ? tokens.slice(0, 3) : tokens;
      const got = await page.evaluate(([d, t, o]) => logits(d, t, o), [device, lists, oneByOne]);
      const worst = { max: 0, mean: 0, others: 0 };
      got.forEach((text, i) => {
        const bytes = Buffer.from(text, 'base64');
        const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
        const want = expected[`logits_${i}`];
        const e = errors(values, want, spread, want.length / tokens[i].length);
        worst.max = Math.max(worst.max, e.max);
        worst.mean = Math.max(worst.mean, e.mean);
        worst.others += e.others;
      });
      const pass = worst.max <= max && worst.mean <= mean && (quant !== 'F32' || worst.others === 0);
      failed += pass ? 0 : 1;
      const what = `${path.basename(folder)} ${device}${oneByOne ? ' one by one' : ''}`;
      console.log(
        `${what.padEnd(40)} max ${worst.max.toExponential(2)} of ${max}, mean ${worst.mean.toExponential(2)} of ${mean}, other tokens ${worst.others}  ${pass ? 'pass' : 'FAIL'}`,
      );
    }
  }
} finally {
  await browser.close();
  site.close();
}
console.log(`${failed} failed`);
process.exitCode = failed ? 1 : 0;
