// Kinora's kernels beside onnxruntime-web's: the same shapes and numbers in one page, one thread, turn by turn.
// node tests/bench/kernels.mjs [CASE...] [--rounds 9] [--model FILE.gguf] [--gpu] [--json]   (./x bench kernels builds first; README.md says more)
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cpuSeconds, launch, median, root, serveFiles } from './browser.mjs';
import { conv, matmul } from './onnx.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
    gpu: { type: 'boolean', default: false },
    model: { type: 'string', default: path.join(root, 'models/text/kinora-text.gguf') },
    wasm: { type: 'string', default: path.join(root, 'target/wasm-bench') },
    ort: { type: 'string', default: path.join(root, 'node_modules/onnxruntime-web/dist') },
  },
});
const cases = positionals.length ? positionals : ['matmul_f32_512', 'conv3x3_64x64_112x192'];
const hasOrt = existsSync(options.ort);
if (!hasOrt) console.error('onnxruntime-web is not installed: only Kinora is timed (see tests/bench/README.md)');

/** The case as an ONNX file, or nothing where there is none. */
function onnx(name) {
  const [, kind, sizes] = /^(matmul_f32|conv3x3)_([\dx_]+)$/.exec(name) ?? [];
  const n = sizes?.split(/[x_]/).map(Number) ?? [];
  if (kind === 'matmul_f32') return matmul(...(n.length === 1 ? [n[0], n[0], n[0]] : n));
  if (kind === 'conv3x3') return conv(...n);
  return undefined;
}

/** Multiply-adds × 2 of a case, where its name says them. */
function flop(name) {
  const [, kind, sizes] = /^(matmul_f32|conv3x3|linear_[a-z\d_]+?)_([\dx]+(?:_\d+x\d+)?)$/.exec(name) ?? [];
  const n = sizes?.split(/[x_]/).map(Number) ?? [];
  if (kind === 'conv3x3') return 2 * 9 * n[0] * n[1] * n[2] * n[3];
  return kind ? 2 * (n.length === 1 ? n[0] ** 3 : n[0] * n[1] * n[2]) : undefined;
}

const site = await serveFiles({
  '/': () => [
    'text/html',
    '<!doctype html><meta charset="utf-8"><title>Kernels</title><script src="/kinora/kinora.js"></script>',
  ],
  '/kinora/': options.wasm,
  '/ort/': options.ort,
  '/text': () => ['application/octet-stream', readFileSync(options.model)],
  '/paint': () => ['application/octet-stream', readFileSync(path.join(root, 'models/paint/paint.safetensors'))],
});
const { browser, page, pids } = await launch(site.url);
try {
  await page.evaluate(
    async ([hasOrt, gpu]) => {
      await wasm_bindgen({ module_or_path: '/kinora/kinora_bg.wasm' });
      if (hasOrt) {
        window.ort = await import(gpu ? '/ort/ort.webgpu.bundle.min.mjs' : '/ort/ort.wasm.bundle.min.mjs');
        ort.env.wasm.wasmPaths = '/ort/';
        ort.env.wasm.numThreads = 1;
        ort.env.logLevel = 'error';
      }
      window.engines = {};
      window.prepare = async (name, model) => {
        window.engines = {};
        const weights = /^(prefill|decode)_/.test(name) ? '/text' : '/paint';
        const file = new Uint8Array(await (await fetch(weights)).arrayBuffer());
        const { PageCase } = wasm_bindgen;
        const one = gpu ? await PageCase.makeOnGpu(name, file) : PageCase.make(name, 1, file);
        if (!one) throw new Error(`${name} is no case`);
        engines.kinora = () => one.run();
        if (model && hasOrt) {
          const bytes = Uint8Array.from(atob(model.bytes), (c) => c.charCodeAt(0));
          const session = await ort.InferenceSession.create(bytes, {
            executionProviders: [gpu ? 'webgpu' : 'wasm'],
            logSeverityLevel: 3,
          });
          const data = Float32Array.from(
            { length: model.input.reduce((a, b) => a * b) },
            (_, i) => ((i * 2654435761) % 1999) / 1000 - 1,
          );
          const feeds = { x: new ort.Tensor('float32', data, model.input) };
          engines.ort = async () => {
            const { y } = await session.run(feeds);
            const values = await y.getData();
            const last = values[values.length - 1];
            y.dispose();
            return last;
          };
        }
        const last = {};
        for (const name in engines) for (let i = 0; i < 3; i++) last[name] = await engines[name]();
        return last;
      };
      window.block = async (name, passes) => {
        const ms = [];
        for (let i = 0; i < passes; i++) {
          const start = performance.now();
          await engines[name]();
          ms.push(performance.now() - start);
        }
        return ms;
      };
    },
    [hasOrt, options.gpu],
  );

  const rows = [];
  for (const name of cases) {
    const last = await page.evaluate(([name, model]) => prepare(name, model), [name, onnx(name)]);
    if (last.ort !== undefined && Math.abs(last.ort - last.kinora) > 1e-3 * Math.max(1, Math.abs(last.ort))) {
      throw new Error(`${name}: Kinora gives ${last.kinora}, onnxruntime-web ${last.ort}`);
    }
    const times = {};
    let passes = 1;
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const engine of Object.keys(last)) {
        const before = cpuSeconds(pids());
        const ms = await page.evaluate(([engine, passes]) => block(engine, passes), [engine, passes]);
        const cpu = ((cpuSeconds(pids()) - before) * 1e3) / passes;
        times[engine] ??= { wall: [], cpu: [] };
        if (round > 0) {
          times[engine].wall.push(...ms);
          times[engine].cpu.push(cpu);
        } else passes = Math.max(passes, Math.ceil(150 / median(ms)));
      }
    }
    const row = { case: name, kinora_ms: median(times.kinora.wall), kinora_cpu_ms: median(times.kinora.cpu) };
    if (flop(name)) row.kinora_gflops = flop(name) / row.kinora_cpu_ms / 1e6;
    if (times.ort) {
      Object.assign(row, { ort_ms: median(times.ort.wall), ort_cpu_ms: median(times.ort.cpu) });
      row.ratio = row.ort_ms / row.kinora_ms;
      row.cpu_ratio = row.ort_cpu_ms / row.kinora_cpu_ms;
    }
    rows.push(row);
    if (!options.json) {
      const ort = times.ort
        ? ` | onnxruntime-web ${row.ort_ms.toFixed(2)} ms, ${row.ort_cpu_ms.toFixed(2)} of CPU | ratio ${row.ratio.toFixed(2)}, of CPU ${row.cpu_ratio.toFixed(2)} (limit 1.5)`
        : '';
      const speed = row.kinora_gflops ? `, ${row.kinora_gflops.toFixed(1)} GFLOP/s` : '';
      console.log(
        `${name.padEnd(28)} Kinora ${row.kinora_ms.toFixed(2)} ms, ${row.kinora_cpu_ms.toFixed(2)} of CPU${speed}${ort}`,
      );
    }
  }
  if (options.json) console.log(JSON.stringify(rows, null, 1));
} finally {
  await browser.close();
  site.close();
}
