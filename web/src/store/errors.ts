import { errorShape, KinoraError } from '../errors.js';
import type { Changed } from './patience.js';

/** Why the engine does not take a file, with the file's name. */
export function refused(url: string, error: unknown): KinoraError {
  const shape = errorShape(error, 'download');
  const hint = shape.hint || 'Take another file of this model, or download it again.';
  return new KinoraError({ ...shape, hint, message: `${url}: ${shape.message}` });
}

export function gone(name: string): KinoraError {
  return new KinoraError({
    code: 'model_not_found',
    stage: 'load',
    retryable: false,
    message: `${name} is not whole on this device any more.`,
    hint: 'Download it again, or open its file.',
    param: 'model',
  });
}

export function denied(why: string): KinoraError {
  return new KinoraError({
    code: 'storage_denied',
    stage: 'download',
    retryable: false,
    message: why,
    hint: "Run the model from memory (storage: 'auto' or 'memory'): then it is fetched again at the next visit.",
  });
}

export function failed(error: unknown): KinoraError {
  const why = error instanceof Error ? error.message : String(error);
  return new KinoraError({
    code: 'storage_failed',
    stage: 'download',
    retryable: true,
    message: `The browser's storage failed: ${why}`,
    hint: 'Try again. If it stays so, delete the model and load it anew.',
  });
}

export function changing(error: Changed): KinoraError {
  return new KinoraError({
    code: 'download_range',
    stage: 'download',
    retryable: true,
    message: `The download was begun anew, and again the server gave another file than before: ${error.message}.`,
    hint: 'Try again later, or download the file and open it from the disk.',
  });
}

export function unsized(name: string): KinoraError {
  return new KinoraError({
    code: 'download_range',
    stage: 'download',
    retryable: false,
    message: `${name}: the server tells the size of no part.`,
    hint: 'Take the files from another server, or open them from the disk.',
  });
}
