/** Everything that `import … from 'kinora'` offers. Importing starts nothing. */
export type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletions,
  ChatMessage,
  ChatOptions,
  ChatParams,
  ChatUsage,
  FinishReason,
  FunctionTool,
  KinoraExtension,
  KinoraReport,
  Logprobs,
  ResponseFormat,
  Schema,
  TextPart,
  TokenLogprob,
  ToolCall,
  ToolChoice,
} from './chat.js';
export type { Completion, CompletionParams, Completions } from './completions.js';
export type { EmbeddingParams, EmbeddingResponse, Embeddings } from './embeddings.js';
export { type ErrorDetails, KinoraError } from './errors.js';
export type { Film, FilmOptions, FilmStatus, Films } from './films.js';
export { Kinora, type LoadOptions, type Support } from './kinora.js';
export type { AdapterSource, ModelOptions, ModelSource, Models, StorageInfo } from './models.js';
export type { ExportFormat, ExportOptions, ExportProgress } from './parts/export.js';
export type { RemoteOptions } from './remote.js';
export type {
  ResponseEvent,
  ResponseInput,
  ResponseObject,
  ResponseOutput,
  ResponseParams,
  Responses,
  ResponseTool,
} from './responses.js';
export type {
  PromptOptions,
  Session,
  SessionInput,
  SessionMessage,
  SessionOptions,
  Sessions,
  SessionTool,
} from './sessions.js';
export type {
  Character,
  Cue,
  DeviceInfo,
  FilmEvent,
  FilmProject,
  KvCache,
  MemoryInfo,
  ModelAbout,
  ModelAdapter,
  ModelEstimate,
  Progress,
  Script,
  SelfTestKernel,
  SelfTestReport,
  Shot,
  StoredModel,
} from './types.js';
