/** Everything that `import … from 'kinora'` offers. Importing starts nothing. */
export type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletions,
  ChatMessage,
  ChatOptions,
  ChatParams,
} from './chat.js';
export { type ErrorDetails, KinoraError } from './errors.js';
export type { Film, FilmOptions, FilmStatus, Films } from './films.js';
export { Kinora, type LoadOptions, type Support } from './kinora.js';
export type { ModelOptions, ModelSource, Models, StorageInfo } from './models.js';
export type { ExportFormat, ExportOptions, ExportProgress } from './parts/export.js';
export type {
  Character,
  Cue,
  DeviceInfo,
  FilmEvent,
  FilmProject,
  MemoryInfo,
  ModelAbout,
  ModelEstimate,
  Progress,
  Script,
  Shot,
  StoredModel,
} from './types.js';
