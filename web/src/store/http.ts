import { KinoraError } from '../errors.js';
import { room } from './chunks.js';
import { Changed, type Net, persist, Watchdog } from './patience.js';
import { refuseImpostor } from './sniff.js';
import { chunksOf } from './stream.js';

/** Bytes that the first request asks for: enough to see what the file is. */
const PROBE = 64 * 1024;

/** A file at an address, read piece by piece; from servers that know no ranges, in one stream from its beginning. */
export class HttpFile {
  /** Size of the file; null while no server said it. */
  bytes: number | null = null;
  private etag: string | null = null;
  private modified: string | null = null;
  private ranges = false;
  /** The first bytes. */
  private head: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  private flow: Flow | undefined;
  private reopened = false;

  private constructor(
    readonly url: string,
    private readonly net: Net,
  ) {}

  /** Asks for the first bytes; refuses what is no GGUF file. */
  static async open(url: string, net: Net): Promise<HttpFile> {
    const file = new HttpFile(url, net);
    await persist(net, () => file.probe());
    refuseImpostor(url, file.head);
    return file;
  }

  /** What tells this version of the file from another one; null where the server does not say. */
  get version(): string | null {
    return this.etag ?? this.modified;
  }

  /**
   * Bytes `from` to `to`, or to the end of a file whose size was unknown. Without ranges `from` may only grow from call to call.
   * `came` is told the bytes as they come. Throws `Changed` where the server now has another file.
   */
  async read(
    from: number,
    to: number,
    came: (bytes: number) => void,
    buffer?: ArrayBuffer,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const end = this.bytes === null ? to : Math.min(to, this.bytes);
    const into = room(end - from, buffer);
    let have = 0;
    const put = (bytes: Uint8Array): void => {
      if (have + bytes.length > into.length) throw this.wrongRange(`more than the bytes ${from} to ${end} came`);
      into.set(bytes, have);
      have += bytes.length;
      came(bytes.length);
    };
    if (from < this.head.length) put(this.head.subarray(from, Math.min(end, this.head.length)));
    if (have < into.length) {
      if (this.ranges) await persist(this.net, () => this.range(from + have, end, put));
      // Without ranges each new try reads the whole file again: one is enough.
      else await persist(this.net, () => this.stream(from + have, end, put), this.reopened ? 0 : 1);
    }
    // Only a file whose size nobody told may end early.
    return into.subarray(0, have);
  }

  /** Ends an open stream. */
  close(): void {
    this.flow?.close();
    this.flow = undefined;
  }

  private async probe(): Promise<void> {
    const { response, dog } = await this.request(`bytes=0-${PROBE - 1}`);
    if (response.status === 416) {
      // Some servers refuse ranges in this way, also of files that are not empty.
      dog.stop();
      return this.begin(await this.request(undefined));
    }
    if (response.status === 200) return this.begin({ response, dog });
    try {
      const { start, total } = this.contentRange(response);
      if (start !== null && start !== 0) throw this.wrongRange(`the answer starts at byte ${start}, not 0`);
      const chunks: Uint8Array[] = [];
      let got = 0;
      for await (const chunk of bodyOf(response, dog, this.url)) {
        got += chunk.length;
        if (got > PROBE) throw this.wrongRange('more bytes came than were asked for');
        chunks.push(chunk.slice());
      }
      this.head = joined(chunks, got);
      this.ranges = true;
      this.note(response, total ?? (got < PROBE ? got : null));
      if (this.bytes !== null && got < Math.min(PROBE, this.bytes)) throw truncated(this.url, got, this.bytes);
    } finally {
      dog.stop();
    }
    // Another origin's Content-Range can be hidden; the length of the whole file is not.
    if (this.bytes === null) this.bytes = await this.wholeLength();
  }

  /** The whole file in one stream. */
  private async begin(answer: { response: Response; dog: Watchdog }): Promise<void> {
    this.flow = new Flow(bodyOf(answer.response, answer.dog, this.url));
    const length = Number(answer.response.headers.get('content-length'));
    // A length is that of the coded body where there is a coding.
    const coded = answer.response.headers.has('content-encoding');
    this.note(answer.response, length > 0 && !coded ? length : null);
    this.head = await this.flow.take(PROBE);
    if (this.head.length < PROBE && this.bytes !== null && this.head.length < this.bytes) {
      throw truncated(this.url, this.head.length, this.bytes);
    }
    if (this.flow.ended) this.bytes = this.head.length;
  }

  private async range(from: number, to: number, put: (bytes: Uint8Array) => void): Promise<void> {
    let at = from;
    const { response, dog } = await this.request(`bytes=${from}-${to - 1}`);
    try {
      if (response.status === 416) {
        if (this.bytes === null && at > 0) return; // the end was exactly here
        throw new Changed(`${this.url} became shorter`);
      }
      if (response.status === 200) throw new Changed(`${this.url} is no longer served by ranges`);
      const { start, total } = this.contentRange(response);
      if (start !== null && start !== at) throw this.wrongRange(`the answer starts at byte ${start}, not ${at}`);
      this.compare(response, total);
      for await (const chunk of bodyOf(response, dog, this.url)) {
        put(chunk);
        at += chunk.length;
      }
      if (at < to && this.bytes !== null) throw truncated(this.url, at, this.bytes);
    } finally {
      dog.stop();
    }
  }

  private async stream(from: number, to: number, put: (bytes: Uint8Array) => void): Promise<void> {
    if (!this.flow) {
      this.reopened = true;
      const answer = await this.request(undefined);
      this.compare(answer.response, null);
      this.flow = new Flow(bodyOf(answer.response, answer.dog, this.url));
    }
    const { flow } = this;
    try {
      await flow.skip(from);
      while (flow.at < to) {
        const bytes = await flow.next(to - flow.at);
        if (!bytes) break;
        put(bytes);
      }
    } catch (error) {
      this.close();
      throw error;
    }
    if (flow.at < to) {
      if (this.bytes === null) return;
      this.close();
      throw truncated(this.url, flow.at, this.bytes);
    }
  }

  private async request(range: string | undefined): Promise<{ response: Response; dog: Watchdog }> {
    const dog = new Watchdog(this.net);
    try {
      const response = await fetch(this.url, {
        signal: dog.signal,
        // The store is the cache: a second copy in the browser's own would only take space.
        cache: 'no-store',
        ...(range === undefined ? {} : { headers: { range } }),
      });
      const { status } = response;
      if (status === 206 && range !== undefined && !/^multipart\//i.test(response.headers.get('content-type') ?? '')) {
        return { response, dog };
      }
      if (status === 200 || (status === 416 && range !== undefined)) return { response, dog };
      if (status === 206) throw this.wrongRange('several ranges came in one answer');
      throw httpError(this.url, status);
    } catch (error) {
      const expired = dog.expired;
      dog.stop();
      this.net.signal.throwIfAborted();
      if (error instanceof KinoraError) throw error;
      throw expired ? timedOut(this.url) : unreachable(this.url, error);
    }
  }

  private contentRange(response: Response): { start: number | null; total: number | null } {
    const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
    if (!match) return { start: null, total: null };
    return { start: Number(match[1]), total: match[2] === '*' ? null : Number(match[2]) };
  }

  private note(response: Response, bytes: number | null): void {
    this.bytes = bytes;
    this.etag = response.headers.get('etag');
    this.modified = response.headers.get('last-modified');
  }

  private compare(response: Response, total: number | null): void {
    const etag = response.headers.get('etag');
    const modified = response.headers.get('last-modified');
    if (total !== null && this.bytes !== null && total !== this.bytes) {
      throw new Changed(`${this.url} had ${this.bytes} bytes and now has ${total}`);
    }
    if ((etag && this.etag && etag !== this.etag) || (modified && this.modified && modified !== this.modified)) {
      throw new Changed(`${this.url} was replaced at the server`);
    }
  }

  private async wholeLength(): Promise<number | null> {
    const dog = new Watchdog(this.net);
    try {
      const response = await fetch(this.url, { method: 'HEAD', signal: dog.signal, cache: 'no-store' });
      const length = Number(response.headers.get('content-length'));
      return response.ok && length > 0 ? length : null;
    } catch {
      this.net.signal.throwIfAborted();
      return null;
    } finally {
      dog.stop();
    }
  }

  private wrongRange(why: string): KinoraError {
    return new KinoraError({
      code: 'download_range',
      stage: 'download',
      retryable: false,
      message: `The server of ${this.url} answers ranges wrongly: ${why}.`,
      hint: 'Take the file from another server, or download it and open it as a file.',
    });
  }
}

/** A body that is read in order, with a place in it. */
class Flow {
  at = 0;
  ended = false;
  private rest: Uint8Array | undefined;

  constructor(private readonly body: AsyncGenerator<Uint8Array, void>) {}

  /** At most `most` bytes; undefined at the end. */
  async next(most: number): Promise<Uint8Array | undefined> {
    while (!this.rest || this.rest.length === 0) {
      const step = await this.body.next();
      if (step.done) {
        this.ended = true;
        return undefined;
      }
      this.rest = step.value;
    }
    const bytes = this.rest.subarray(0, most);
    this.rest = this.rest.subarray(bytes.length);
    this.at += bytes.length;
    return bytes;
  }

  /** The next `n` bytes, fewer at the end. */
  async take(n: number): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    let got = 0;
    while (got < n) {
      const bytes = await this.next(n - got);
      if (!bytes) break;
      got += bytes.length;
      chunks.push(bytes.slice());
    }
    return joined(chunks, got);
  }

  async skip(to: number): Promise<void> {
    while (this.at < to && (await this.next(to - this.at))) {
      // passed over
    }
  }

  close(): void {
    void this.body.return();
  }
}

/** A body's bytes as they come. A chunk is good until the next. */
async function* bodyOf(response: Response, dog: Watchdog, url: string): AsyncGenerator<Uint8Array, void> {
  const next = response.body && chunksOf(response.body);
  try {
    for (;;) {
      const chunk = await next?.();
      if (!chunk) return;
      dog.feed(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof KinoraError) throw error;
    throw dog.expired ? timedOut(url) : unreachable(url, error);
  } finally {
    dog.stop();
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function httpError(url: string, status: number): KinoraError {
  const later = status === 408 || status === 429 || status >= 500;
  let hint = 'Check the address.';
  if (later) hint = 'The server is busy or broken: try again later.';
  else if (status === 401 || status === 403) {
    hint = 'The file asks for permission: download it yourself and open it as a file.';
  }
  return new KinoraError({
    code: 'http_error',
    stage: 'download',
    retryable: later,
    message: `${url} answers with status ${status}.`,
    hint,
    details: { status },
  });
}

function unreachable(url: string, error: unknown): KinoraError {
  return new KinoraError({
    code: 'network',
    stage: 'download',
    retryable: true,
    message: `${url} could not be read: ${error instanceof Error ? error.message : error}.`,
    hint: 'Check the connection. A file on another site needs that site’s permission (CORS): where it gives none, download the file and open it from the disk.',
  });
}

function timedOut(url: string): KinoraError {
  return new KinoraError({
    code: 'download_timeout',
    stage: 'download',
    retryable: true,
    message: `${url} sends nothing any more.`,
    hint: 'Try again: the download goes on where it stopped.',
  });
}

function truncated(url: string, have: number, need: number): KinoraError {
  return new KinoraError({
    code: 'download_truncated',
    stage: 'download',
    retryable: true,
    message: `${url} ended after ${have} of ${need} bytes.`,
    hint: 'Try again. If it stays so, the file on the server is cut short.',
    details: { have, need },
  });
}
