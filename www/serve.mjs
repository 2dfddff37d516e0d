// Serves a folder of static files on loopback, as any static host would.
// Usage: node serve.mjs [DIR] [--port N] [--no-isolation] [--base /sub/path]   (port 0: a free one)
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    base: { type: 'string', default: '/' },
    'no-isolation': { type: 'boolean', default: false },
  },
});
const root = path.resolve(positionals[0] ?? path.join(import.meta.dirname, 'dist'));
const base = `/${values.base.replace(/^\/|\/$/g, '')}/`.replace('//', '/');

const headers = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' };
if (!values['no-isolation']) {
  // Shared memory, and with it threads, exists only in pages whose every file says so; the worker's script included.
  headers['cross-origin-opener-policy'] = 'same-origin';
  headers['cross-origin-embedder-policy'] = 'require-corp';
  headers['cross-origin-resource-policy'] = 'same-origin';
}

async function find(url) {
  const pathname = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  if (!pathname.startsWith(base)) return undefined;
  const file = path.join(root, pathname.slice(base.length));
  if (file !== root && !file.startsWith(root + path.sep)) return undefined;
  const found = await stat(file).catch(() => undefined);
  if (!found?.isDirectory()) return found && { file, size: found.size, changed: found.mtimeMs };
  const index = path.join(file, 'index.html');
  const page = await stat(index).catch(() => undefined);
  return page && { file: index, size: page.size, changed: page.mtimeMs };
}

async function answer(request, response) {
  const found = await find(request.url ?? '/').catch(() => undefined);
  if (!found) {
    response
      .writeHead(404, { ...headers, 'content-type': 'text/plain; charset=utf-8' })
      .end('There is no such file.\n');
    return;
  }
  const etag = `"${found.size.toString(36)}-${Math.round(found.changed).toString(36)}"`;
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { ...headers, etag }).end();
    return;
  }
  const type = TYPES[path.extname(found.file)] ?? 'application/octet-stream';
  response.writeHead(200, { ...headers, etag, 'content-type': type, 'content-length': found.size });
  if (request.method === 'HEAD') response.end();
  // A reader that goes away in the middle is no failure of the server.
  else await pipeline(createReadStream(found.file), response).catch(() => undefined);
}

const server = createServer((request, response) => void answer(request, response));
server.on('error', (error) => {
  console.error(`The page cannot be served: ${error.message}. Another port: --port N.`);
  process.exit(1);
});
server.listen(Number(values.port), '127.0.0.1', () => {
  const address = server.address();
  console.log(`http://127.0.0.1:${address.port}${base}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
