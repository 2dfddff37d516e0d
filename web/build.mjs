// Builds dist/ from src/, the engine's three builds, the modules of grammars and of GIFs (wasm-bindgen output), and the model files.
// Usage: node build.mjs [--wasm DIR] [--models DIR]

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const here = import.meta.dirname;
const { values } = parseArgs({
  options: {
    wasm: { type: 'string', default: path.join(here, '../target/wasm-out') },
    models: { type: 'string', default: path.join(here, '../models') },
  },
});
const dist = path.join(here, 'dist');
const BUILDS = { plain: 'engine.wasm', relaxed: 'engine-relaxed.wasm', threads: 'engine-threads.wasm' };
const MODULES = { ...BUILDS, grammar: 'grammar.wasm', gif: 'gif.wasm' };
// The text model alone is needed; without the others the engine says what it cannot do.
const MODELS = {
  text: 'text/kinora-text.gguf',
  motion: 'motion/motion.safetensors',
  paint: 'paint/paint.safetensors',
  refine: 'refine/refine.safetensors',
};
const OPTIONAL = new Set(['refine']);
const MAX_ASSET = 24 * 1024 * 1024; // many hosts refuse larger files
const MIN_ASSET = 4096; // bundlers inline smaller ones as data: URLs, which a strict CSP blocks

/** One glue for each build of the engine; builds whose glue is the same text share it. */
async function glueModule() {
  const seen = new Map();
  const lines = [];
  for (const build of Object.keys(BUILDS)) {
    const file = path.join(values.wasm, build, 'kinora.js');
    const text = await readFile(file, 'utf8').catch(() => {
      throw new Error(`${file} is missing: build the engine first (./x build).`);
    });
    if (!seen.has(text)) {
      seen.set(text, build);
      lines.push(`import ${build} from 'kinora:glue/${build}';`);
    }
    if (seen.get(text) !== build) lines.push(`const ${build} = ${seen.get(text)};`);
  }
  lines.push('export default { plain, relaxed, threads };');
  return lines.join('\n');
}

const glue = {
  name: 'kinora-glue',
  resolveId: (id) => (id.startsWith('kinora:glue') ? `\0${id}` : undefined),
  async load(id) {
    if (id === '\0kinora:glue') return glueModule();
    const build = /^\0kinora:glue\/(\w+)$/.exec(id)?.[1];
    if (!build) return undefined;
    return `${await readFile(path.join(values.wasm, build, 'kinora.js'), 'utf8')}\nexport default wasm_bindgen;\n`;
  },
};

async function copyModels() {
  await mkdir(path.join(dist, 'models'), { recursive: true });
  const shipped = [];
  for (const [name, from] of Object.entries(MODELS)) {
    const source = path.join(values.models, from);
    const size = await stat(source).then(
      (s) => s.size,
      () => undefined,
    );
    if (size === undefined) {
      if (!OPTIONAL.has(name)) console.warn(`! models/${from} is missing: this package goes without its ${name} model`);
      continue;
    }
    if (size > MAX_ASSET) throw new Error(`${source} has ${size} bytes; hosts take ${MAX_ASSET} at most`);
    const bytes = await readFile(source);
    const file = path.basename(from);
    await writeFile(path.join(dist, 'models', file), bytes);
    shipped.push({ name, file, bytes: size, sha256: createHash('sha256').update(bytes).digest('hex') });
  }
  await writeFile(path.join(dist, 'models/manifest.json'), `${JSON.stringify({ models: shipped }, null, 2)}\n`);
  return shipped;
}

const modelsModule = (shipped) => ({
  name: 'kinora-models',
  resolveId: (id) => (id === 'kinora:models' ? '\0kinora:models' : undefined),
  load(id) {
    if (id !== '\0kinora:models') return undefined;
    const rows = shipped.map((model) => {
      const { name, file, bytes, sha256 } = model;
      const url = `() => new URL('./models/${file}', import.meta.url)`;
      return `{ name: '${name}', file: '${file}', bytes: ${bytes}, sha256: '${sha256}', url: ${url} }`;
    });
    return `export const models = [${rows.join(',\n')}];\n`;
  },
});

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const shipped = await copyModels();

for (const [build, file] of Object.entries(MODULES)) {
  const wasm = path.join(values.wasm, build, 'kinora_bg.wasm');
  const { size } = await stat(wasm);
  if (size < MIN_ASSET || size > MAX_ASSET)
    throw new Error(`${wasm} has ${size} bytes, not ${MIN_ASSET} to ${MAX_ASSET}`);
  await cp(wasm, path.join(dist, file));
}

const page = await rolldown({
  input: { index: path.join(here, 'src/index.ts'), 'parts/export': path.join(here, 'src/parts/export.ts') },
  platform: 'browser',
  plugins: [modelsModule(shipped)],
});
await page.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'parts/[name].js',
  minify: true,
});
const worker = await rolldown({ input: path.join(here, 'src/worker/entry.ts'), platform: 'browser', plugins: [glue] });
await worker.write({ file: path.join(dist, 'worker.js'), format: 'iife', minify: true });

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', here, '--emitDeclarationOnly'], { stdio: 'inherit' });

// kB gzip, from the budget of the package
const BUDGET = {
  'index.js': 20,
  'worker.js': 40,
  'engine.wasm': 1000,
  'engine-relaxed.wasm': 1000,
  'engine-threads.wasm': 1000,
  'grammar.wasm': 520,
  'gif.wasm': 60,
  'parts/export.js': 80,
};
for (const [file, limit] of Object.entries(BUDGET)) {
  const gz = gzipSync(await readFile(path.join(dist, file)), { level: 9 }).length / 1000;
  console.log(`${file.padEnd(22)} ${gz.toFixed(1).padStart(8)} kB gz of ${limit}${gz > limit ? '  TOO LARGE' : ''}`);
  if (gz > limit) process.exitCode = 1;
}
for (const { file, bytes } of shipped)
  console.log(`models/${file.padEnd(15)} ${(bytes / 1e6).toFixed(2).padStart(8)} MB`);
