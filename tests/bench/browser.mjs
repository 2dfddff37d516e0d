// What both benches share: a static server, Chromium, and what Linux says about its processes.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');
const require = createRequire(path.join(root, 'tests/e2e/package.json'));

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Folders, by the beginning of their address, and functions that give `[type, body]` for what is asked of theirs. */
export async function serveFiles(routes, isolated = true) {
  const headers = isolated ? ISOLATED : {};
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://x');
    const made = routes[pathname];
    if (typeof made === 'function') {
      const [type, body] = made(searchParams);
      response.writeHead(200, { ...headers, 'Content-Type': type }).end(body);
      return;
    }
    const [prefix, folder] =
      Object.entries(routes).find(([p, f]) => typeof f === 'string' && pathname.startsWith(p)) ?? [];
    const file = prefix && path.join(folder, path.normalize(pathname.slice(prefix.length)));
    if (!file || !existsSync(file) || statSync(file).isDirectory()) return void response.writeHead(404, headers).end();
    const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': statSync(file).size });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** `www/serve.mjs` on a folder. */
export async function serveSite(folder, ...options) {
  const server = spawn(process.execPath, [path.join(root, 'www/serve.mjs'), folder, ...options]);
  const url = await new Promise((resolve, reject) => {
    server.stdout.once('data', (line) => resolve(String(line).trim()));
    server.once('exit', () => reject(new Error('the server ended')));
  });
  return { url, close: () => void server.kill() };
}

const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const installed = () => [process.env.KINORA_CHROMIUM, '/usr/bin/chromium'].find((file) => file && existsSync(file));

/** Chromium at `url` with its disk in `folder`, as a person has it: what drives a browser keeps answers of servers in its memory. */
export function alone(url, folder) {
  const args = ['--headless=new', ...FLAGS, `--user-data-dir=${folder}`, url];
  const browser = spawn(installed() ?? 'chromium', args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => browser.once('exit', resolve));
  const close = () => {
    browser.kill();
    return ended;
  };
  return { pids: () => [browser.pid, ...descendants(browser.pid)], close };
}

/** Chromium with a page at `url`; `pids()` are its processes. */
export async function launch(url = 'about:blank') {
  const { chromium } = require('playwright-core');
  const executablePath = installed();
  const before = new Set(children(process.pid));
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: FLAGS });
  const own = children(process.pid).filter((pid) => !before.has(pid));
  own.forEach(prefer);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(url);
  const pids = () => own.flatMap((pid) => [pid, ...descendants(pid)]);
  return { browser, page, pids };
}

/** As root on Linux: gives a process's own session more weight, so that busy neighbours take less of its time. */
function prefer(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
    if (session === pid) writeFileSync(`/proc/${pid}/autogroup`, '-8');
  } catch {} // elsewhere the neighbours take what they take
}

function parents() {
  const found = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      found.set(Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {} // it has ended
  }
  return found;
}

const children = (pid) =>
  existsSync('/proc') ? [...parents()].filter(([, parent]) => parent === pid).map(([child]) => child) : [];

function descendants(pid) {
  const all = [...parents()];
  const below = (parent) => all.filter((entry) => entry[1] === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

/** Seconds of CPU that the threads of processes used so far, by Linux's scheduler; what a busy machine leaves alone. */
export function cpuSeconds(pids) {
  let ns = 0;
  for (const pid of pids) {
    try {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
      }
    } catch {} // it has ended
  }
  return ns / 1e9;
}

/** Mebibytes that processes hold, shared pages in equal parts (PSS). */
export function memoryMib(pids) {
  let kib = 0;
  for (const pid of pids) {
    try {
      kib += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
    } catch {} // it has ended
  }
  return kib / 1024;
}
