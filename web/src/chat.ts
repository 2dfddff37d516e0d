import { KinoraError } from './errors.js';
import type { Client } from './internal/client.js';
import type { ChatArgs, ChatEvent } from './internal/protocol.js';

/** A message in the shape of the OpenAI API. */
export interface ChatMessage {
  role: 'system' | 'developer' | 'user' | 'assistant';
  content: string;
}

/** A request in the shape of the OpenAI API; what the embedded model cannot do is refused, not ignored. */
export interface ChatParams {
  messages: ChatMessage[];
  model?: string;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  seed?: number | null;
  stop?: string | string[] | null;
  stream?: boolean | null;
  response_format?:
    | { type: 'text' }
    | { type: 'json_schema'; json_schema: { name: string; schema: Record<string, unknown>; strict?: boolean | null } }
    | null;
}
export interface ChatOptions {
  signal?: AbortSignal;
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: 0;
    message: { role: 'assistant'; content: string; refusal: null };
    logprobs: null;
    finish_reason: 'stop' | 'length';
  }[];
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
}
export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: {
    index: 0;
    delta: { role?: 'assistant'; content?: string };
    logprobs: null;
    finish_reason: 'stop' | 'length' | null;
  }[];
}

const MODEL = 'kinora-text';
const KNOWN = new Set([
  'messages',
  'model',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'seed',
  'stop',
  'stream',
  'response_format',
]);

function refuse(param: string, message: string, hint: string): never {
  throw new KinoraError({ code: 'unsupported_parameter', stage: 'request', retryable: false, message, hint, param });
}

function checked(params: ChatParams): ChatArgs {
  for (const [param, value] of Object.entries(params)) {
    if (!KNOWN.has(param) && value !== null && value !== undefined) {
      refuse(param, `${param} is not supported.`, `Leave it out; supported are ${[...KNOWN].join(', ')}.`);
    }
  }
  if (!Array.isArray(params.messages) || params.messages.length === 0) {
    refuse('messages', 'There are no messages.', 'Give at least one message of the role user.');
  }
  const messages = params.messages.map(({ role, content }, i) => {
    if (typeof content !== 'string') refuse(`messages[${i}].content`, 'Only text is understood.', 'Give a string.');
    return { role: role === 'developer' ? 'system' : role, content };
  });
  const args: ChatArgs = { messages };
  if (params.model && params.model !== MODEL) args.model = params.model;
  const max = params.max_completion_tokens ?? params.max_tokens;
  if (max != null) args.max_tokens = max;
  if (params.temperature != null) args.temperature = params.temperature;
  if (params.top_p != null) args.top_p = params.top_p;
  if (params.seed != null) args.seed = params.seed;
  if (params.stop != null) args.stop = typeof params.stop === 'string' ? [params.stop] : params.stop;
  if (params.response_format?.type === 'json_schema') args.json_schema = params.response_format.json_schema.schema;
  return args;
}

/** `kinora.chat.completions` */
export class ChatCompletions {
  private made = 0;

  /** @internal */
  constructor(private readonly client: Client) {}

  /** Answers the messages. With `stream: true`, a token is computed only when it is asked for. */
  create(params: ChatParams & { stream: true }, options?: ChatOptions): Promise<AsyncIterable<ChatCompletionChunk>>;
  create(params: ChatParams & { stream?: false | null }, options?: ChatOptions): Promise<ChatCompletion>;
  async create(
    params: ChatParams,
    options: ChatOptions = {},
  ): Promise<ChatCompletion | AsyncIterable<ChatCompletionChunk>> {
    const args = checked(params);
    this.made += 1;
    const base = {
      id: `chatcmpl-${Date.now().toString(36)}-${this.made}`,
      created: Math.floor(Date.now() / 1000),
      model: MODEL,
    };
    if (params.stream) return this.chunks(base, args, options.signal);
    let content = '';
    for await (const event of this.client.call<ChatEvent>(
      { op: 'chat', args },
      { window: 8, signal: options.signal },
    )) {
      if (event.type === 'delta') content += event.text;
      else {
        const { prompt_tokens, completion_tokens } = event.usage;
        return {
          ...base,
          object: 'chat.completion',
          choices: [
            {
              index: 0,
              message: { role: 'assistant', content, refusal: null },
              logprobs: null,
              finish_reason: event.finish_reason,
            },
          ],
          usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
        };
      }
    }
    throw new KinoraError({
      code: 'internal',
      stage: 'chat',
      retryable: true,
      message: 'The answer ended without its last event.',
      hint: 'Try again.',
    });
  }

  private async *chunks(
    base: { id: string; created: number; model: string },
    args: ChatArgs,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ChatCompletionChunk, void> {
    const chunk = (
      delta: ChatCompletionChunk['choices'][number]['delta'],
      finish_reason: 'stop' | 'length' | null,
    ): ChatCompletionChunk => ({
      ...base,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    });
    let first = true;
    for await (const event of this.client.call<ChatEvent>({ op: 'chat', args }, { window: 1, signal })) {
      if (event.type === 'delta') yield chunk({ ...(first ? { role: 'assistant' } : {}), content: event.text }, null);
      else yield chunk({}, event.finish_reason);
      first = false;
    }
  }
}
