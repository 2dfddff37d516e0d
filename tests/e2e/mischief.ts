import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a file is served; whatever is left out is as a good static host does it. */
export interface Manner {
  status?: number;
  body?: Buffer;
  type?: string;
  /** `ignore`: 200 with the whole file; the others answer a range in a wrong way. */
  ranges?: 'good' | 'ignore' | '416' | 'shift' | 'total' | 'multipart' | 'hidden';
  /** The length that is told; null for none. */
  length?: number | null;
  /** Sends so many bytes of each answer, then nothing for ever. */
  stallAfter?: number;
  /** Sends so many bytes of an answer, then cuts the connection; `times` answers, or all. */
  cutAfter?: number;
  times?: number;
  /** Bytes a second. */
  rate?: number;
  /** Another version of the file is told from the second answer on. */
  etagChanges?: 'once' | 'always';
  endless?: boolean;
  redirects?: boolean;
  cors?: boolean;
  /** Answers that are held until `release`. */
  hold?: boolean;
}

/** A server of files under any name, each in its own manner, which counts what it sends. */
export class Mischief {
  readonly files = new Map<string, { body: Buffer; manner: Manner; sent: number; requests: number }>();
  private held: (() => void)[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Mischief> {
    const server = createServer();
    const mischief = new Mischief(server);
    server.on('request', (request, response) => void mischief.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return mischief;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Serves `body` as `name`; its address. */
  serve(name: string, body: Buffer, manner: Manner = {}): string {
    this.files.set(name, { body, manner, sent: 0, requests: 0 });
    return this.url + name;
  }

  /** Bytes of bodies that were sent of a file. */
  sent(name: string): number {
    return this.files.get(name)?.sent ?? 0;
  }

  release(): void {
    for (const go of this.held.splice(0)) go();
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent((request.url ?? '/').slice(1).split('?')[0] ?? '');
    const file = this.files.get(name);
    const headers: Record<string, string | number> = {
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'content-range, etag',
      'cross-origin-resource-policy': 'cross-origin',
    };
    if (!file) {
      response.writeHead(404, headers).end('not found');
      return;
    }
    const { manner } = file;
    file.requests += 1;
    if (manner.hold) await new Promise<void>((resolve) => this.held.push(resolve));
    if (manner.cors === false) delete headers['access-control-allow-origin'];
    if (manner.ranges === 'hidden') headers['access-control-expose-headers'] = 'x-nothing';
    if (manner.redirects) {
      response.writeHead(302, { ...headers, location: request.url ?? '/' }).end();
      return;
    }
    if (manner.status !== undefined && manner.status !== 200) {
      response.writeHead(manner.status, headers).end(manner.status === 204 ? undefined : 'no');
      return;
    }
    const body = manner.body ?? file.body;
    const changed =
      manner.etagChanges === 'always' ? file.requests : manner.etagChanges === 'once' && file.requests > 2 ? 1 : 0;
    headers['etag'] = `"v${changed}"`;
    headers['content-type'] = manner.type ?? 'application/octet-stream';
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    let part = body;
    let status = 200;
    if (asked && manner.ranges !== 'ignore') {
      const from = Number(asked[1]);
      const to = Math.min(Number(asked[2]), body.length - 1);
      if (manner.ranges === '416' || from >= body.length) {
        response.writeHead(416, { ...headers, 'content-range': `bytes */${body.length}` }).end();
        return;
      }
      status = 206;
      part = body.subarray(from, to + 1);
      const shift = manner.ranges === 'shift' && from > 0 ? 512 : 0;
      const total = manner.ranges === 'total' && file.requests > 1 ? body.length + 7 : body.length;
      headers['content-range'] = `bytes ${from + shift}-${to + shift}/${total}`;
      if (manner.ranges === 'multipart') headers['content-type'] = 'multipart/byteranges; boundary=x';
    }
    const length = manner.length === undefined ? part.length : manner.length;
    if (length !== null) headers['content-length'] = length;
    response.writeHead(status, headers);
    response.flushHeaders();
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    await this.send(file, part, response);
  }

  private async send(
    file: { manner: Manner; sent: number; requests: number },
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    const { manner } = file;
    const cut = manner.cutAfter !== undefined && (manner.times === undefined || file.requests <= manner.times);
    const most = Math.min(body.length, cut ? (manner.cutAfter ?? 0) : body.length, manner.stallAfter ?? body.length);
    const step = manner.rate ?? 256 * 1024;
    for (let at = 0; at < most && !response.destroyed; at += step) {
      const piece = body.subarray(at, Math.min(at + step, most));
      file.sent += piece.length;
      if (!response.write(piece)) {
        await drained(response);
      }
      if (manner.rate !== undefined) await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    while (manner.endless && !response.destroyed) {
      if (!response.write(Buffer.alloc(64 * 1024))) await drained(response);
    }
    if (cut) response.destroy();
    else if (manner.stallAfter === undefined) response.end();
  }
}

/** Until the socket takes more, or is closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.once('drain', go);
    response.once('close', go);
  });
}
