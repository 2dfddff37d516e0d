import { KinoraError } from './errors.js';
import { errorResponse } from './fetch.js';

/** A server that speaks the OpenAI API: `kinora serve`, vLLM, llama.cpp, or any other. */
export interface RemoteOptions {
  /** Its address up to and with `/v1`. */
  baseURL: string | URL;
  /** Sent as `Authorization: Bearer …`. */
  apiKey?: string;
  /** More headers of every request. */
  headers?: Record<string, string>;
}

/** The server's address as it is shown, and a `fetch` that takes every request there by the path after the last `/v1/`. */
export function remoteFetch(options: RemoteOptions): { address: string; fetch: typeof globalThis.fetch } {
  let base: URL;
  try {
    base = new URL(options.baseURL, globalThis.location?.href);
  } catch {
    throw new KinoraError({
      code: 'invalid_request',
      stage: 'load',
      retryable: false,
      message: `remote.baseURL is no address: ${options.baseURL}.`,
      hint: 'Give one such as http://127.0.0.1:8080/v1.',
      param: 'remote.baseURL',
    });
  }
  const folder = base.href.replace(/\/*$/, '/');
  const take: typeof globalThis.fetch = async (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const asked = request?.url ?? String(input);
    if (asked.startsWith('data:')) return new Response();
    const at = asked.lastIndexOf('/v1/');
    const url = new URL(at < 0 ? asked.replace(/^\/*/, '') : asked.slice(at + 4), folder);
    const headers = new Headers(init?.headers ?? request?.headers);
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
    // Without a key of ours, the caller's own must not leave for a server that it was not meant for
    headers.delete('authorization');
    if (options.apiKey !== undefined) headers.set('authorization', `Bearer ${options.apiKey}`);
    const signal = init?.signal ?? request?.signal;
    try {
      return await globalThis.fetch(request ? new Request(url, request) : url, { ...init, headers });
    } catch (error) {
      signal?.throwIfAborted();
      const why = error instanceof Error ? error.message : error;
      return errorResponse(
        502,
        'remote_unreachable',
        `${url.origin} did not answer (${why}). Check that it runs, and that it allows this page by CORS (kinora serve --cors ORIGIN).`,
      );
    }
  };
  return { address: base.href, fetch: take };
}
