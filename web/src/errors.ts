/** An error as it crosses from the worker: structured clone would drop the fields of a subclass. */
export interface ErrorShape {
  code: string;
  stage: string;
  retryable: boolean;
  message: string;
  hint: string;
  param?: string;
  details?: ErrorDetails;
}

/** Figures of an error for programs, such as `{ need, have }` in bytes of `quota_exceeded`. */
export type ErrorDetails = Record<string, number | string | string[]>;

/** What went wrong, and what to do about it. */
export class KinoraError extends Error {
  override readonly name = 'KinoraError';
  /** A stable word to switch on: `asset_missing`, `engine_stopped`, `unsupported`, … */
  readonly code: string;
  /** Where it happened: `load`, `script`, `storyboard`, `shots`, `chat`, `export`, … */
  readonly stage: string;
  /** Whether the same call may work when made again. */
  readonly retryable: boolean;
  /** The remedy, as a sentence; may be empty. */
  readonly hint: string;
  /** The argument at fault, where there is one. */
  readonly param?: string;
  /** Figures behind the message, where there are some. */
  readonly details?: ErrorDetails;

  constructor(shape: ErrorShape) {
    super(shape.message);
    this.code = shape.code;
    this.stage = shape.stage;
    this.retryable = shape.retryable;
    this.hint = shape.hint;
    if (shape.param !== undefined) this.param = shape.param;
    if (shape.details !== undefined) this.details = shape.details;
  }
}

/** Any thrown value as plain data: the engine's errors already are, everything else is a bug of ours or the platform's. */
export function errorShape(thrown: unknown, stage: string): ErrorShape {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
    const known = thrown as Partial<ErrorShape>;
    if (typeof known.code === 'string') {
      return {
        code: known.code,
        stage: known.stage ?? stage,
        retryable: known.retryable ?? false,
        message: String(known.message),
        hint: known.hint ?? '',
        ...(known.param === undefined ? {} : { param: known.param }),
        ...(known.details === undefined ? {} : { details: known.details }),
      };
    }
  }
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return {
    code: 'internal',
    stage,
    retryable: true,
    message,
    hint: 'This is a bug in Kinora. Please report it with this message.',
  };
}
