import type { Api, CallOptions } from './internal/api.js';

/** What every request may say beside the API's own fields; the same object goes into `kinora` of a plain HTTP request. */
export interface KinoraExtension {
  top_k?: number;
  min_p?: number;
  typical_p?: number;
  /** Divides the logits of tokens that were just used; 1 changes nothing. */
  repetition_penalty?: number;
  xtc?: { probability: number; threshold?: number };
  dry?: { multiplier: number; base?: number; allowed_length?: number; window?: number; sequence_breakers?: string[] };
  mirostat?: { version?: 1 | 2; tau?: number; eta?: number };
  /** The answer matches this regular expression, or is one of these texts, or follows this grammar (Lark, or GBNF). */
  regex?: string;
  choice?: string[];
  grammar?: string | { lark: string } | { gbnf: string };
  /** `drop_oldest` drops the oldest turns where the conversation is longer than the context; `refuse` is the default. */
  context?: 'refuse' | 'drop_oldest';
  speculation?: 'off' | 'prompt_lookup' | { draft: string; tokens?: number };
  /** Adapters of the model, by name: each with its strength (`{ style: 0.5 }`), or with the one it was loaded with (`['style']`). */
  adapters?: Record<string, number> | string[] | string;
  /** Completions only: goes on where the model would end, for measurements. */
  ignore_eos?: boolean;
  /** Values for the chat template, such as `enable_thinking`. */
  template?: Record<string, unknown>;
}

/** What every answer adds: where and how it was computed. */
export interface KinoraReport {
  /** `cpu` or `gpu`. */
  device: string;
  precision: string;
  seed: number;
  /** From the request to the last token. */
  ms: number;
  /** From the beginning of the work to the logits of the first token, and from there to the end. */
  prompt_ms: number;
  completion_ms: number;
  /** Oldest turns that were left out, where the request allows it. */
  dropped_messages?: number;
}

/** A part of a message. */
export interface TextPart {
  type: 'text';
  text: string;
}

export interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** A message in the shape of the OpenAI API. */
export type ChatMessage =
  | { role: 'system' | 'developer' | 'user'; content: string | TextPart[]; name?: string }
  | {
      role: 'assistant';
      content?: string | TextPart[] | null;
      tool_calls?: ToolCall[];
      name?: string;
      refusal?: string | null;
    }
  | { role: 'tool'; content: string | TextPart[]; tool_call_id: string };

/** A JSON schema. */
export type Schema = Record<string, unknown>;

export interface FunctionTool {
  type: 'function';
  function: { name: string; description?: string; parameters?: Schema; strict?: boolean | null };
}

export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { type: 'function'; function: { name: string } }
  | {
      type: 'allowed_tools';
      allowed_tools: { mode: 'auto' | 'required'; tools: { type: 'function'; function: { name: string } }[] };
    };

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema';
      json_schema: { name: string; description?: string; schema?: Schema; strict?: boolean | null };
    };

/** A request in the shape of the OpenAI API; what cannot be honoured is refused by name, not ignored. */
export interface ChatParams {
  messages: ChatMessage[];
  /** One of `kinora.models`; the model that was loaded last where left out. */
  model?: string | null;
  max_completion_tokens?: number | null;
  max_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  n?: number | null;
  seed?: number | null;
  stop?: string | string[] | null;
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
  frequency_penalty?: number | null;
  presence_penalty?: number | null;
  logit_bias?: Record<string, number> | null;
  logprobs?: boolean | null;
  top_logprobs?: number | null;
  tools?: FunctionTool[];
  tool_choice?: ToolChoice;
  parallel_tool_calls?: boolean;
  response_format?: ResponseFormat | null;
  reasoning_effort?: string | null;
  kinora?: KinoraExtension;
}
export type ChatOptions = CallOptions;

export type FinishReason = 'stop' | 'length' | 'tool_calls';

export interface TokenLogprob {
  token: string;
  logprob: number;
  bytes: number[] | null;
  top_logprobs: { token: string; logprob: number; bytes: number[] | null }[];
}
export interface Logprobs {
  content: TokenLogprob[] | null;
  refusal: null;
}

export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** `cached_tokens`: those of the prompt that were still in memory from the turn before. */
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { accepted_prediction_tokens: number };
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: number;
    message: { role: 'assistant'; content: string | null; refusal: null; tool_calls?: ToolCall[] };
    logprobs: Logprobs | null;
    finish_reason: FinishReason;
  }[];
  usage: ChatUsage;
  kinora: KinoraReport;
}

export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: {
    index: number;
    delta: {
      role?: 'assistant';
      content?: string | null;
      tool_calls?: {
        index: number;
        id?: string;
        type?: 'function';
        function?: { name?: string; arguments?: string };
      }[];
    };
    logprobs: Logprobs | null;
    /** Set in the last chunk of each choice. */
    finish_reason: FinishReason | null;
  }[];
  /** In the last chunk, where `stream_options.include_usage` asks for it. */
  usage?: ChatUsage | null;
  kinora?: KinoraReport;
}

/** `kinora.chat.completions` */
export class ChatCompletions {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Answers the messages. With `stream: true`, a token is computed only when it is asked for; `break` stops the work. */
  create(
    params: ChatParams & { stream: true },
    options?: ChatOptions,
  ): Promise<AsyncGenerator<ChatCompletionChunk, void>>;
  create(params: ChatParams & { stream?: false | null }, options?: ChatOptions): Promise<ChatCompletion>;
  create(
    params: ChatParams,
    options?: ChatOptions,
  ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk, void>>;
  create(
    params: ChatParams,
    options?: ChatOptions,
  ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk, void>> {
    return params.stream
      ? this.api.stream<ChatCompletionChunk>('chat/completions', params, options)
      : this.api.json<ChatCompletion>('POST', 'chat/completions', params, options);
  }
}
