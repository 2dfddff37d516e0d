import type { KinoraExtension, KinoraReport, Schema } from './chat.js';
import type { Api, CallOptions } from './internal/api.js';

/** An item of a conversation in the shape of the Responses API. */
export type ResponseInput =
  | {
      type?: 'message';
      role: 'system' | 'developer' | 'user' | 'assistant';
      content: string | { type: 'input_text' | 'output_text'; text: string }[];
    }
  | { type: 'function_call'; call_id: string; name: string; arguments: string }
  | { type: 'function_call_output'; call_id: string; output: string };

export interface ResponseTool {
  type: 'function';
  name: string;
  description?: string | null;
  parameters?: Schema | null;
  strict?: boolean | null;
}

export interface ResponseParams {
  input: string | ResponseInput[];
  instructions?: string | null;
  model?: string | null;
  max_output_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  top_logprobs?: number | null;
  text?: {
    format?:
      | { type: 'text' }
      | { type: 'json_object' }
      | { type: 'json_schema'; name: string; schema: Schema; strict?: boolean | null };
  };
  tools?: ResponseTool[];
  tool_choice?: 'none' | 'auto' | 'required' | { type: 'function'; name: string };
  parallel_tool_calls?: boolean | null;
  max_tool_calls?: number | null;
  stream?: boolean | null;
  /** Kept while the engine lives, for `previous_response_id` and `retrieve`; true where left out. */
  store?: boolean | null;
  previous_response_id?: string | null;
  truncation?: 'auto' | 'disabled' | null;
  kinora?: KinoraExtension;
}

export type ResponseOutput =
  | {
      type: 'message';
      id: string;
      role: 'assistant';
      status: 'in_progress' | 'completed' | 'incomplete';
      content: { type: 'output_text'; text: string; annotations: never[]; logprobs?: unknown[] }[];
    }
  | {
      type: 'function_call';
      id: string;
      call_id: string;
      name: string;
      arguments: string;
      status: 'in_progress' | 'completed' | 'incomplete';
    };

export interface ResponseObject {
  id: string;
  object: 'response';
  created_at: number;
  model: string;
  status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  error: { code: string; message: string } | null;
  incomplete_details: { reason: string } | null;
  output: ResponseOutput[];
  usage: {
    input_tokens: number;
    input_tokens_details: { cached_tokens: number };
    output_tokens: number;
    output_tokens_details: { reasoning_tokens: number };
    total_tokens: number;
  } | null;
  kinora?: KinoraReport;
}

/** An event of a streamed response; `type` says which fields it has. */
export interface ResponseEvent {
  type: string;
  sequence_number: number;
  response?: ResponseObject;
  item?: ResponseOutput;
  output_index?: number;
  content_index?: number;
  item_id?: string;
  delta?: string;
  text?: string;
  arguments?: string;
}

/** `kinora.responses` */
export class Responses {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Answers the input; the answer is kept for `previous_response_id` unless `store` is false. */
  create(
    params: ResponseParams & { stream: true },
    options?: CallOptions,
  ): Promise<AsyncGenerator<ResponseEvent, void>>;
  create(params: ResponseParams & { stream?: false | null }, options?: CallOptions): Promise<ResponseObject>;
  create(params: ResponseParams, options?: CallOptions): Promise<ResponseObject | AsyncGenerator<ResponseEvent, void>> {
    return params.stream
      ? this.api.stream<ResponseEvent>('responses', params, options)
      : this.api.json<ResponseObject>('POST', 'responses', params, options);
  }

  /** A kept response. */
  retrieve(id: string, options?: CallOptions): Promise<ResponseObject> {
    return this.api.json<ResponseObject>('GET', `responses/${encodeURIComponent(id)}`, undefined, options);
  }

  /** Forgets a kept response. */
  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.api.json('DELETE', `responses/${encodeURIComponent(id)}`, undefined, options);
  }
}
