import type { ChatCompletionChunk, ChatMessage, ChatParams, FunctionTool, Schema, ToolCall } from './chat.js';
import { KinoraError } from './errors.js';
import type { Api } from './internal/api.js';

/** A message in the shape of the browsers' Prompt API. */
export interface SessionMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | { type: 'text'; value: string }[];
}
export type SessionInput = string | SessionMessage[];

/** A function that the model may call while it answers. */
export interface SessionTool {
  name: string;
  description: string;
  inputSchema: Schema;
  execute(args: Record<string, unknown>): unknown;
}

export interface SessionOptions {
  /** What the session begins with; a system message first, and never dropped. */
  initialPrompts?: SessionMessage[];
  temperature?: number;
  topK?: number;
  tools?: SessionTool[];
  /** One of the loaded models; the last one loaded where left out. */
  model?: string;
  /** Destroys the session when it aborts. */
  signal?: AbortSignal;
}

export interface PromptOptions {
  /** A JSON schema that the answer follows, or an expression that it matches. */
  responseConstraint?: Schema | RegExp;
  signal?: AbortSignal;
}

/** Rounds of tool calls within one prompt, so that a model that calls for ever comes to an end. */
const MAX_ROUNDS = 16;

const wrong = (param: string, message: string, hint: string): KinoraError =>
  new KinoraError({ code: 'invalid_request', stage: 'session', retryable: false, message, hint, param });

function messages(input: SessionInput): ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  return input.map(({ role, content }, i) => {
    if (!['system', 'user', 'assistant'].includes(role)) {
      throw wrong(`[${i}].role`, `There is no role ${role}.`, 'Use system, user or assistant.');
    }
    if (typeof content === 'string') return { role, content };
    const texts = content.map((part) => {
      if (part.type !== 'text')
        throw wrong(`[${i}].content`, `Only text is understood, not ${part.type}.`, 'Leave it out.');
      return part.value;
    });
    return { role, content: texts.join('') };
  });
}

/** `kinora.sessions` */
export class Sessions {
  /** @internal */
  constructor(private readonly api: Api) {}

  /** Begins a conversation; nothing is computed yet. */
  async create(options: SessionOptions = {}): Promise<Session> {
    options.signal?.throwIfAborted();
    const initial = messages(options.initialPrompts ?? []);
    if (initial.slice(1).some(({ role }) => role === 'system')) {
      throw wrong('initialPrompts', 'A system message is not the first.', 'Put it first.');
    }
    const listed = await this.api.json<{ data: { id: string; kinora?: { context?: number; default?: boolean } }[] }>(
      'GET',
      'models',
      undefined,
      options.signal ? { signal: options.signal } : {},
    );
    const name = options.model;
    const model =
      listed.data.find(({ id, kinora }) => (name === undefined ? kinora?.default : id === name)) ?? listed.data[0];
    if (!model || (name !== undefined && model.id !== name)) {
      const there = listed.data.map(({ id }) => id).join(', ') || 'none';
      throw new KinoraError({
        code: 'model_not_found',
        stage: 'session',
        retryable: false,
        message: `The model ${name ?? ''} is not loaded; loaded: ${there}.`,
        hint: 'Load it first, by kinora.models.load().',
        param: 'model',
      });
    }
    return new Session(
      this.api,
      { ...options, model: model.id },
      model.kinora?.context ?? Number.POSITIVE_INFINITY,
      initial,
      [],
    );
  }
}

/**
 * One conversation, in the shape of the browsers' Prompt API. Where it grows past the model's context its oldest turns are
 * dropped, the initial prompts never, and `contextoverflow` is dispatched.
 */
export class Session extends EventTarget {
  private usage = 0;
  private readonly life = new AbortController();
  private last: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(
    private readonly api: Api,
    private readonly options: SessionOptions & { model: string },
    /** Tokens that the conversation may have. */
    readonly contextWindow: number,
    private readonly initial: ChatMessage[],
    private turns: ChatMessage[],
  ) {
    super();
    const { signal } = options;
    if (signal?.aborted) this.life.abort(signal.reason);
    signal?.addEventListener('abort', () => this.life.abort(signal.reason), { once: true, signal: this.life.signal });
  }

  /** Tokens that the conversation had at the last answer. */
  get contextUsage(): number {
    return this.usage;
  }

  /** The whole answer. */
  async prompt(input: SessionInput, options: PromptOptions = {}): Promise<string> {
    let text = '';
    for await (const delta of this.answer(input, options)) text += delta;
    return text;
  }

  /** The answer as it is written; `cancel` stops the work, and the conversation stays as it was. */
  promptStreaming(input: SessionInput, options: PromptOptions = {}): ReadableStream<string> {
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    const deltas = this.answer(input, { ...options, signal });
    return new ReadableStream<string>(
      {
        async pull(controller) {
          try {
            const { done, value } = await deltas.next();
            if (done) controller.close();
            else controller.enqueue(value);
          } catch (error) {
            if (!stop.signal.aborted) controller.error(error);
          }
        },
        cancel: () => stop.abort(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Adds to the conversation without an answer. */
  async append(input: SessionInput): Promise<void> {
    this.life.signal.throwIfAborted();
    const more = messages(input);
    await this.inTurn(async () => {
      this.turns = [...this.turns, ...more];
    });
  }

  /** Another conversation that begins with all that was said in this one. */
  async clone(options: { signal?: AbortSignal } = {}): Promise<Session> {
    this.life.signal.throwIfAborted();
    options.signal?.throwIfAborted();
    const { signal: _, ...rest } = this.options;
    const copy = new Session(this.api, { ...rest, ...options }, this.contextWindow, this.initial, [...this.turns]);
    copy.usage = this.usage;
    return copy;
  }

  /** Ends the session: what runs is stopped, and later calls reject with `AbortError`. */
  destroy(): void {
    this.life.abort(new DOMException('The session was destroyed.', 'AbortError'));
    this.turns = [];
  }

  /** Calls of one session wait for each other: each sees what the one before has said. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work);
    this.last = mine.catch(() => undefined);
    return mine;
  }

  private async *answer(input: SessionInput, options: PromptOptions): AsyncGenerator<string, void> {
    const said = messages(input);
    const signal = options.signal ? AbortSignal.any([options.signal, this.life.signal]) : this.life.signal;
    signal.throwIfAborted();
    let release = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      release = resolve;
    });
    const before = this.last;
    this.last = before.then(() => turn);
    try {
      await before;
      const added: ChatMessage[] = [...said];
      for (let round = 0; ; round++) {
        const calls: ToolCall[] = [];
        let text = '';
        for await (const chunk of await this.open(added, options, signal, round < MAX_ROUNDS)) {
          const choice = chunk.choices[0];
          collect(calls, choice?.delta.tool_calls);
          if (chunk.usage) this.usage = chunk.usage.total_tokens;
          const delta = choice?.delta.content;
          if (!delta) continue;
          text += delta;
          yield delta;
        }
        added.push({ role: 'assistant', content: text, ...(calls.length > 0 ? { tool_calls: calls } : {}) });
        if (calls.length === 0) break;
        for (const call of calls)
          added.push({ role: 'tool', tool_call_id: call.id, content: await this.execute(call) });
        signal.throwIfAborted();
      }
      // Only a finished answer becomes part of the conversation
      this.turns = [...this.turns, ...added];
    } finally {
      release();
    }
  }

  /** Opens one answer, dropping the oldest turns until the conversation fits. */
  private async open(
    added: ChatMessage[],
    options: PromptOptions,
    signal: AbortSignal,
    mayCall: boolean,
  ): Promise<AsyncGenerator<ChatCompletionChunk, void>> {
    for (let told = false; ; ) {
      try {
        const params = { ...this.params([...this.initial, ...this.turns, ...added], options, mayCall), stream: true };
        return await this.api.stream<ChatCompletionChunk>('chat/completions', params, { signal });
      } catch (error) {
        const full = error instanceof KinoraError && error.code === 'context_length_exceeded';
        if (!full || this.turns.length === 0) throw error;
        const next = this.turns.findIndex(({ role }, i) => i > 0 && role === 'user');
        this.turns = next < 0 ? [] : this.turns.slice(next);
        if (!told) this.dispatchEvent(new Event('contextoverflow'));
        told = true;
      }
    }
  }

  private params(all: ChatMessage[], { responseConstraint }: PromptOptions, mayCall: boolean): ChatParams {
    const { model, temperature, topK, tools = [] } = this.options;
    const params: ChatParams = { model, messages: all, stream_options: { include_usage: true } };
    if (temperature !== undefined) params.temperature = temperature;
    const kinora: ChatParams['kinora'] = {};
    if (topK !== undefined) kinora.top_k = topK;
    if (responseConstraint instanceof RegExp) kinora.regex = responseConstraint.source;
    else if (responseConstraint) {
      params.response_format = {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: responseConstraint, strict: true },
      };
    }
    if (Object.keys(kinora).length > 0) params.kinora = kinora;
    if (tools.length > 0 && mayCall) {
      params.tools = tools.map(
        ({ name, description, inputSchema }): FunctionTool => ({
          type: 'function',
          function: { name, description, parameters: inputSchema },
        }),
      );
    }
    return params;
  }

  private async execute({ function: { name, arguments: text } }: ToolCall): Promise<string> {
    const tool = this.options.tools?.find((t) => t.name === name);
    try {
      if (!tool) throw new Error(`there is no tool ${name}`);
      const result = await tool.execute(JSON.parse(text || '{}') as Record<string, unknown>);
      return typeof result === 'string' ? result : JSON.stringify(result ?? null);
    } catch (error) {
      // The model may find another way
      return JSON.stringify({ error: error instanceof Error ? error.message : String(error) });
    }
  }
}

type CallDelta = NonNullable<ChatCompletionChunk['choices'][number]['delta']['tool_calls']>[number];

/** Puts the pieces of tool calls together. */
function collect(calls: ToolCall[], deltas: CallDelta[] | undefined): void {
  for (const { index, id, function: f } of deltas ?? []) {
    calls[index] ??= { id: id ?? '', type: 'function', function: { name: '', arguments: '' } };
    const call = calls[index];
    call.function.name += f?.name ?? '';
    call.function.arguments += f?.arguments ?? '';
  }
}
