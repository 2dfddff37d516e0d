import type { ChatUsage, KinoraExtension, KinoraReport } from './chat.js';
import type { Api, CallOptions } from './internal/api.js';

/** A text, or its tokens, to go on with. */
export interface CompletionParams {
  prompt: string | string[] | number[] | number[][];
  model?: string | null;
  max_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  n?: number | null;
  seed?: number | null;
  stop?: string | string[] | null;
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
  echo?: boolean | null;
  logprobs?: number | null;
  frequency_penalty?: number | null;
  presence_penalty?: number | null;
  logit_bias?: Record<string, number> | null;
  kinora?: KinoraExtension;
}

/** A completion, and each chunk of a streamed one. */
export interface Completion {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
  choices: {
    index: number;
    text: string;
    logprobs: {
      tokens: string[];
      token_logprobs: number[];
      top_logprobs: Record<string, number>[];
      text_offset: number[];
    } | null;
    finish_reason: 'stop' | 'length' | null;
  }[];
  usage?: ChatUsage | null;
  kinora?: KinoraReport;
}

/** `kinora.completions` */
export class Completions {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Goes on with the prompt as it stands, without a chat template. */
  create(params: CompletionParams & { stream: true }, options?: CallOptions): Promise<AsyncGenerator<Completion, void>>;
  create(params: CompletionParams & { stream?: false | null }, options?: CallOptions): Promise<Completion>;
  create(params: CompletionParams, options?: CallOptions): Promise<Completion | AsyncGenerator<Completion, void>> {
    return params.stream
      ? this.api.stream<Completion>('completions', params, options)
      : this.api.json<Completion>('POST', 'completions', params, options);
  }
}
