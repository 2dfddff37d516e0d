// What a person waits for, in Chromium, with the built package: node tests/bench/web.mjs [--runs 3] [--threads 2] [--json]
// Prints values beside limits and never fails on a slow day. ./x bench web builds first.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { cpuSeconds, launch, median, memoryMib, root, serveFiles, serveSite } from './browser.mjs';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    dist: { type: 'string', default: path.join(root, 'web/dist') },
    page: { type: 'string', default: path.join(root, 'www/dist') },
    json: { type: 'boolean', default: false },
  },
});
const runs = Math.max(1, Number(options.runs));
const IDEA = 'a shy robot finds a flower in the snow';

/** Runs in the page: a film's seconds, each gap between events on the account of the event that ends it. */
async function film({ idea, seed, threads }) {
  const { Kinora } = await import('/kinora/index.js');
  const begun = performance.now();
  const kinora = await Kinora.load({ device: 'cpu', threads });
  const times = { ready: (performance.now() - begun) / 1e3, script: 0, storyboard: 0, motion: 0, frames: 0 };
  const drafts = [];
  const refined = [];
  const add = (list, shot, gap) => {
    list[shot] = (list[shot] ?? 0) + gap;
  };
  let last = performance.now();
  let card;
  let first;
  for await (const event of kinora.films.create({ idea, seed, style: 'film' })) {
    const now = performance.now();
    const gap = (now - last) / 1e3;
    last = now;
    if (event.type.startsWith('script')) times.script += gap;
    else if (event.type === 'storyboard') {
      times.storyboard += gap;
      if (event.shots.length > 0) card ??= now;
    } else if (event.type === 'thumbnail') times.motion += gap;
    else if (event.type === 'draft') {
      add(drafts, event.shot, gap);
      times.frames = event.of;
    } else if (event.type === 'refined') add(refined, event.shot, gap);
    if (event.type === 'thumbnail' || event.type === 'draft') first ??= (now - (card ?? now)) / 1e3;
  }
  kinora.dispose();
  return {
    ...times,
    first,
    drafts: drafts.filter(Number.isFinite),
    refined: refined.filter(Number.isFinite),
    device: kinora.device,
  };
}

/** A film in a browser of its own; memory is the highest of the process tree less what an empty page holds. */
async function measure(threads, seed) {
  const html = '<!doctype html><meta charset="utf-8"><title>Bench</title>';
  const site = await serveFiles({ '/': () => ['text/html', html], '/kinora/': options.dist }, threads > 1);
  const { browser, page, pids } = await launch(site.url);
  try {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const empty = memoryMib(pids());
    const cpu = cpuSeconds(pids());
    let peak = empty;
    const timer = setInterval(() => {
      peak = Math.max(peak, memoryMib(pids()));
    }, 400);
    const result = await page.evaluate(film, { idea: IDEA, seed, threads });
    clearInterval(timer);
    return { ...result, memory: peak - empty, cpu: cpuSeconds(pids()) - cpu };
  } finally {
    await browser.close();
    site.close();
  }
}

/** Seconds until the idea can be typed, from a server that has sent the page before, in a browser that has not seen it. */
async function typing(isolated) {
  const site = await serveSite(options.page, ...(isolated ? [] : ['--no-isolation']));
  const { browser } = await launch();
  try {
    const times = [];
    for (let run = 0; run <= runs; run++) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      const page = await context.newPage();
      await page.goto(site.url, { waitUntil: 'commit' });
      await page.getByLabel('Idea', { exact: true }).pressSequentially('a');
      times.push((await page.evaluate(() => performance.now())) / 1e3);
      await context.close();
    }
    return median(times.slice(1));
  } finally {
    await browser.close();
    site.close();
  }
}

function report(threads, typed, films) {
  const of = (pick) => median(films.map(pick));
  const rows = [
    ['page ready for typing', typed, 's', 1],
    ['engine and models ready', of((f) => f.ready), 's'],
    ['script of three shots', of((f) => f.script), 's'],
    ['storyboard of three shots', of((f) => f.storyboard), 's'],
    ['script and storyboard', of((f) => f.script + f.storyboard), 's', 5],
    ['first frame after its card', of((f) => f.first), 's', 0.3],
    ['motion and thumbnail of a shot', of((f) => f.motion / f.drafts.length), 's'],
    [`draft of a shot of ${films[0].frames} frames`, median(films.flatMap((f) => f.drafts)), 's', 1.5],
  ];
  const refined = films.flatMap((f) => f.refined);
  if (refined.length) rows.push(['refined shot, in all', median(refined), 's']);
  rows.push(['CPU of the whole film', of((f) => f.cpu), 's']);
  rows.push(['memory above an empty page, at most', of((f) => f.memory), 'MiB', 500]);
  return {
    threads,
    device: films[0].device,
    rows: rows.map(([name, value, unit, limit]) => ({ name, value, unit, limit })),
  };
}

const reports = [];
for (const threads of new Set([Number(options.threads), 1])) {
  const films = [];
  for (let seed = 0; seed < runs; seed++) films.push(await measure(threads, seed));
  reports.push(report(threads, await typing(threads > 1), films));
}
const sizes = ['engine.wasm', 'engine-relaxed.wasm', 'engine-threads.wasm', 'grammar.wasm', 'gif.wasm']
  .map((name) => path.join(options.dist, name))
  .filter(existsSync)
  .map((file) => ({
    name: path.basename(file),
    bytes: statSync(file).size,
    gzip: gzipSync(readFileSync(file), { level: 9 }).length,
    limit: 1_000_000,
  }));

if (options.json)
  console.log(JSON.stringify({ machine: cpus()[0]?.model, cores: cpus().length, runs, reports, sizes }, null, 1));
else {
  console.log(`${cpus()[0]?.model}, ${cpus().length} cores · median of ${runs} films`);
  for (const { threads, device, rows } of reports) {
    console.log(`\n${threads} ${threads > 1 ? 'threads, isolated' : 'thread, not isolated'} · ${device.name}`);
    for (const { name, value, unit, limit } of rows) {
      const shown = Number.isFinite(value) ? value.toFixed(unit === 'MiB' ? 0 : 3) : '–';
      console.log(`${name.padEnd(40)} ${shown.padStart(10)} ${unit}${limit ? `   limit ${limit}` : ''}`);
    }
  }
  console.log();
  for (const { name, gzip, limit } of sizes)
    console.log(`${name.padEnd(40)} ${String(gzip).padStart(10)} bytes gzipped   limit ${limit}`);
}
