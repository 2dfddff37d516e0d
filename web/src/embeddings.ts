import type { Api, CallOptions } from './internal/api.js';

/** Texts, or their tokens, to place in the model's space of meanings. */
export interface EmbeddingParams {
  input: string | string[] | number[] | number[][];
  model?: string | null;
  encoding_format?: 'float' | 'base64' | null;
  dimensions?: number | null;
}

export interface EmbeddingResponse {
  object: 'list';
  model: string;
  /** Base64 is little-endian f32. */
  data: { object: 'embedding'; index: number; embedding: number[] | string }[];
  usage: { prompt_tokens: number; total_tokens: number };
}

/** `kinora.embeddings` */
export class Embeddings {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** One vector of length 1 for each input. */
  create(params: EmbeddingParams, options?: CallOptions): Promise<EmbeddingResponse> {
    return this.api.json<EmbeddingResponse>('POST', 'embeddings', params, options);
  }
}
