import { errorShape } from './errors.js';
import type { Client } from './internal/client.js';
import type { OpenAiArgs, OpenAiEvent } from './internal/protocol.js';

/** The largest body of a request, in bytes. */
const MAX_BODY = 64 * 1024 * 1024;

/** Statuses of the errors that the engine did not get to answer itself. */
const STATUS: Record<string, number> = { disposed: 410, not_loaded: 503, queue_full: 503, asset_missing: 503 };

/** `{ error }` as a `Response`. Only a full queue and a file that did not come are worth the same request again. */
export function errorResponse(status: number, code: string, message: string, param: string | null = null): Response {
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  return new Response(JSON.stringify({ error: { message, type, param, code } }), {
    status,
    headers: {
      'content-type': 'application/json',
      ...(status === 503 ? { 'retry-after-ms': '1000' } : { 'x-should-retry': 'false' }),
    },
  });
}

/** What broke below the engine, in the API's shape. */
function failure(error: unknown): { status: number; code: string; message: string } {
  const { code, message, hint } = errorShape(error, 'request');
  return { status: STATUS[code] ?? 500, code, message: hint ? `${message} ${hint}` : message };
}

/** The address that is asked. */
export const address = (input: RequestInfo | URL): string => (input instanceof Request ? input.url : String(input));

/** The request as the engine takes it, or the refusal. */
async function read(input: RequestInfo | URL, init: RequestInit | undefined): Promise<OpenAiArgs | Response> {
  let request: Request;
  try {
    // An address that only names the endpoint is enough
    request = new Request(input instanceof Request ? input : new URL(address(input), 'http://kinora/v1/'), init);
  } catch (error) {
    return errorResponse(
      400,
      'invalid_request',
      `This request cannot be: ${error instanceof Error ? error.message : error}`,
    );
  }
  const type = request.headers.get('content-type') ?? '';
  const tooLarge = () =>
    errorResponse(413, 'request_too_large', `The body is larger than ${MAX_BODY} bytes. Send less at once.`);
  if (Number(request.headers.get('content-length')) > MAX_BODY) return tooLarge();
  let bytes: ArrayBuffer;
  try {
    bytes = await request.arrayBuffer();
  } catch (error) {
    init?.signal?.throwIfAborted();
    request.signal.throwIfAborted();
    return errorResponse(
      400,
      'invalid_request',
      `The body could not be read: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (bytes.byteLength > MAX_BODY) return tooLarge();
  const { method, url: path } = request;
  if (!type.startsWith('multipart/form-data')) return { method, path, body: new TextDecoder().decode(bytes) };
  try {
    const form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
    return { method, path, body: JSON.stringify(fromForm(form)) };
  } catch (error) {
    return errorResponse(
      400,
      'invalid_request',
      `The form could not be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** A form's fields as the object that the JSON body would be; a file is named by its name and type. */
function fromForm(form: FormData): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of form) {
    object[name] = typeof value === 'string' ? value : { file: value.name, type: value.type };
  }
  return object;
}

/**
 * A `fetch` whose server is the engine of this page: the endpoints of the OpenAI API, by the path after the last `/v1/`.
 * It rejects only where the caller's signal aborts; everything else is an answer with a status. A streamed body is pulled:
 * a token is computed when it is read, and `cancel` stops the work.
 */
export function engineFetch(client: Client): typeof globalThis.fetch {
  return async (input, init) => {
    // The OpenAI package asks for this address once, to learn the class of an answer
    if (address(input).startsWith('data:')) return new Response();
    const caller = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    caller?.throwIfAborted();
    const args = await read(input, init);
    if (args instanceof Response) return args;
    const stop = new AbortController();
    const signal = caller ? AbortSignal.any([caller, stop.signal]) : stop.signal;
    const events = client.call<OpenAiEvent>({ op: 'openai', args }, { signal });
    try {
      const first = await events.next();
      if (first.done || first.value.type !== 'head') throw new Error('the engine gave no answer');
      const { status, headers } = first.value;
      return new Response(pulled(events, stop, caller), { status, headers });
    } catch (error) {
      caller?.throwIfAborted();
      const { status, code, message } = failure(error);
      return errorResponse(status, code, message);
    }
  };
}

/** The body as a stream in which nothing is computed ahead of its reader. */
function pulled(
  events: AsyncGenerator<OpenAiEvent, void>,
  stop: AbortController,
  caller: AbortSignal | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await events.next();
          if (done) controller.close();
          else if (value.type === 'body') controller.enqueue(encoder.encode(value.text));
        } catch (error) {
          if (stop.signal.aborted) return;
          if (caller?.aborted) {
            controller.error(caller.reason);
            return;
          }
          // Too late for a status: the client of a stream reads this and throws it with its code
          const { code, message } = failure(error);
          const late = { error: { message, type: 'server_error', param: null, code } };
          controller.enqueue(encoder.encode(`data: ${JSON.stringify(late)}\n\n`));
          controller.close();
        }
      },
      cancel() {
        stop.abort();
      },
    },
    { highWaterMark: 0 },
  );
}
