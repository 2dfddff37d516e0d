import { KinoraError } from '../errors.js';
import type { ModelFile } from '../internal/protocol.js';

const COPY = 'Check that the dist folder of kinora is served whole, or set `assets` to where it lies.';

function missing(url: string, why: string): KinoraError {
  return new KinoraError({
    code: 'asset_missing',
    stage: 'load',
    retryable: true,
    message: `A file of Kinora could not be read: ${url} (${why}).`,
    hint: COPY,
  });
}

/** Requests one of the package's own files. */
export async function request(url: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw missing(url, `no connection: ${error instanceof Error ? error.message : error}`);
  }
  if (!response.ok) throw missing(url, `status ${response.status}`);
  return response;
}

/** Refuses the page that many hosts send with status 200 in place of a missing file. */
export function refuseHtml(url: string, bytes: Uint8Array): void {
  const head = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
  if (head.startsWith('<!doctype') || head.startsWith('<html')) {
    throw new KinoraError({
      code: 'asset_html',
      stage: 'load',
      retryable: false,
      message: `${url} is a web page, not a file of Kinora: the server answers missing files with its start page.`,
      hint: COPY,
    });
  }
}

/** Reads a model file, telling how far it is; the result has been compared with the size and SHA-256 of the package. */
export async function* readModel(
  model: ModelFile,
  signal: AbortSignal,
): AsyncGenerator<number, Uint8Array<ArrayBuffer>> {
  const response = await request(model.url, signal);
  // A single allocation of the size that the package knows: never what a server declares.
  const bytes = new Uint8Array(model.bytes);
  let at = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = await reader?.read().catch((error: unknown) => {
      signal.throwIfAborted();
      throw missing(model.url, `cut off after ${at} bytes: ${error instanceof Error ? error.message : error}`);
    });
    if (!chunk || chunk.done) break;
    if (at === 0) refuseHtml(model.url, chunk.value);
    if (at + chunk.value.length > bytes.length) throw damaged(model, `it is longer than ${model.bytes} bytes`);
    bytes.set(chunk.value, at);
    at += chunk.value.length;
    yield at;
  }
  if (at !== model.bytes) throw damaged(model, `${at} of ${model.bytes} bytes arrived`);
  // SubtleCrypto exists in secure contexts only; the size has been checked in any case.
  if (globalThis.crypto.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (sha256 !== model.sha256) throw damaged(model, 'its SHA-256 is another');
  }
  return bytes;
}

function damaged(model: ModelFile, why: string): KinoraError {
  return new KinoraError({
    code: 'model_damaged',
    stage: 'load',
    retryable: true,
    message: `${model.file} is not the file that this version of Kinora needs: ${why}.`,
    hint: 'Reload the page. If it stays so, an old copy is cached or the upload to the server was cut short.',
  });
}
