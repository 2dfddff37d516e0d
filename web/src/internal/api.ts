import { KinoraError } from '../errors.js';
import { sseData } from './sse.js';

/** Options of every call of the API. */
export interface CallOptions {
  signal?: AbortSignal;
}

/** The OpenAI API behind a `fetch`, be it the engine's or a server's: JSON in, JSON or events out, errors thrown. */
export class Api {
  constructor(readonly fetch: typeof globalThis.fetch) {}

  /** The answer to one request. */
  async json<T>(method: string, path: string, body?: object, options: CallOptions = {}): Promise<T> {
    const response = await this.send(method, path, body, options);
    return (await response.json()) as T;
  }

  /** The events of one request, each pulled when it is asked for. A refusal rejects before the first. */
  async stream<T>(path: string, body: object, options: CallOptions = {}): Promise<AsyncGenerator<T, void>> {
    const response = await this.send('POST', path, body, options);
    return events<T>(response, options.signal);
  }

  private async send(method: string, path: string, body: object | undefined, options: CallOptions): Promise<Response> {
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'content-type': 'application/json' };
    }
    if (options.signal) init.signal = options.signal;
    const response = await this.fetch(`http://kinora/v1/${path}`, init);
    if (response.ok) return response;
    throw refusal(await response.json().catch(() => undefined), response.status);
  }
}

async function* events<T>(response: Response, signal: AbortSignal | undefined): AsyncGenerator<T, void> {
  if (!response.body) return;
  for await (const data of sseData(response.body)) {
    if (data === '[DONE]') return;
    const event: unknown = JSON.parse(data);
    if (isLate(event)) throw refusal(event, 500);
    yield event as T;
    signal?.throwIfAborted();
  }
}

/** A failure after the stream had begun: `{ error }` alone. Events of a response have an `error` too, and a type. */
const isLate = (event: unknown): boolean =>
  typeof event === 'object' && event !== null && 'error' in event && !('object' in event) && !('response' in event);

/** An error body as this package's error. */
function refusal(body: unknown, status: number): KinoraError {
  const told = (body as { error?: { message?: unknown; code?: unknown; param?: unknown } } | undefined)?.error ?? {};
  return new KinoraError({
    code: typeof told.code === 'string' ? told.code : `http_${status}`,
    stage: 'request',
    retryable: status === 503 || status === 429,
    message: typeof told.message === 'string' ? told.message : `The server answered with status ${status}.`,
    hint: '',
    ...(typeof told.param === 'string' ? { param: told.param } : {}),
  });
}
