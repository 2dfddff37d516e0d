// What a model takes that lies on the browser's disk: node tests/bench/disk.mjs FILE.gguf [--threads 2]
// Once it is downloaded to the disk and once it is loaded from there: seconds, and the most memory above an empty page.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { alone, memoryMib, root, serveFiles } from './browser.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '2' },
    dist: { type: 'string', default: path.join(root, 'web/dist') },
  },
});
const [model] = positionals;
if (!model) throw new Error('which model? node tests/bench/disk.mjs FILE.gguf');

/** Runs in the page, which nobody drives: it tells the server how far it is. */
async function page(file, threads) {
  const tell = (step, ms = '') => fetch(`/tell?step=${encodeURIComponent(step)}&ms=${ms}`);
  await tell('empty');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  try {
    const { Kinora } = await import('/kinora/index.js');
    await tell('engine');
    const kinora = await Kinora.load({ device: 'cpu', threads, video: false });
    await tell('model');
    const begun = performance.now();
    await kinora.models.load(file, { name: 'model' });
    await tell('answer', Math.round(performance.now() - begun));
    await kinora.completions.create({ model: 'model', prompt: 'Once upon a time', max_tokens: 32, temperature: 0 });
    await tell('done');
  } catch (error) {
    await tell(`failed: ${error}`);
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'kinora-disk-'));
let told = () => {};
const site = await serveFiles({
  '/': () => [
    'text/html',
    `<!doctype html><script type="module">(${page})('/model/${encodeURIComponent(path.basename(model))}', ${Number(options.threads)})</script>`,
  ],
  '/tell': (asked) => {
    told(asked.get('step'), Number(asked.get('ms')));
    return ['text/plain', ''];
  },
  '/kinora/': options.dist,
  '/model/': path.dirname(path.resolve(model)),
});
// the port is a part of the origin whose disk it is: both rounds have one server
try {
  console.log(`${path.basename(model)}, ${(statSync(model).size / 2 ** 20).toFixed(0)} MiB`);
  for (const round of ['downloaded to the disk', 'loaded from the disk']) {
    const peaks = {};
    let step;
    let ready = 0;
    let browser;
    const ended = new Promise((resolve, reject) => {
      told = (now, ms) => {
        step = now;
        if (now === 'answer') ready = ms;
        if (now === 'done') resolve();
        if (now.startsWith('failed')) reject(new Error(now));
      };
    });
    browser = alone(site.url, folder);
    const timer = setInterval(() => {
      if (step) peaks[step] = Math.max(peaks[step] ?? 0, memoryMib(browser.pids()));
    }, 50);
    await ended.finally(() => clearInterval(timer));
    await browser.close();
    const above = Math.max(...Object.values(peaks)) - peaks.empty;
    console.log(
      `${round.padEnd(24)} ${(ready / 1e3).toFixed(2)} s, at most ${above.toFixed(0)} MiB above an empty page`,
    );
  }
} finally {
  site.close();
  rmSync(folder, { recursive: true, force: true });
}
