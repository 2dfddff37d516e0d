import type { Kinora } from 'kinora';
import { type Host, type Trouble, troubleOf } from '../host.js';
import { EMBEDDED, type Library } from '../models/library.js';
import { type Call, keep, newSettings, recall, type Settings, type Turn } from './history.js';
import { BadSetting, requestFor } from './request.js';
import { checkArguments, TOOLS } from './tools.js';

const ROUNDS = 8;
/** A result is data for the model: no longer than it can read. */
const MAX_RESULT = 4000;

/** A conversation: what was said, what is being said, how it is said. */
export class Talk {
  turns: Turn[];
  settings: Settings;
  trouble: Trouble | undefined;
  /** For people who listen. */
  status = '';
  /** False where the browser keeps nothing. */
  kept = true;
  private stopper: AbortController | undefined;
  private consent: ((yes: boolean) => void) | undefined;

  constructor(
    private readonly host: Host,
    private readonly library: Library,
    private readonly changed: () => void,
  ) {
    const { turns, settings } = recall();
    this.settings = settings;
    this.turns = turns.map(({ calls, ...turn }) => (calls ? { ...turn, calls: calls.map(settled) } : turn));
  }

  /** Whether an answer is being written. */
  get busy(): boolean {
    return this.stopper !== undefined;
  }

  send(text: string): void {
    if (text.trim() === '' || this.busy) return;
    this.turns = [...this.turns, { role: 'user', text: text.trim() }];
    void this.answer();
  }

  /** The newest answer once more. */
  again(): void {
    if (this.busy) return;
    const last = this.turns.findLastIndex(({ role }) => role === 'user');
    if (last < 0) return;
    this.turns = this.turns.slice(0, last + 1);
    void this.answer();
  }

  stop(): void {
    this.consent?.(false);
    this.stopper?.abort();
  }

  /** Forgets the conversation; the settings stay. */
  clear(): void {
    this.stop();
    this.turns = [];
    this.trouble = undefined;
    this.save();
  }

  set(settings: Partial<Settings>): void {
    this.settings = { ...this.settings, ...settings };
    this.save();
  }

  resetSettings(): void {
    this.settings = newSettings();
    this.save();
  }

  /** The person's word on a call that waits for it. */
  allow(yes: boolean): void {
    this.consent?.(yes);
  }

  private async answer(): Promise<void> {
    const stopper = new AbortController();
    this.stopper = stopper;
    this.trouble = undefined;
    this.status = '';
    this.changed();
    try {
      const kinora = await this.host.load();
      for (let round = 0; round < ROUNDS; round++) {
        const turn = await this.turn(kinora, stopper.signal);
        if (!turn.calls?.length) break;
        for (const call of turn.calls) await this.run(call, stopper.signal);
        if (stopper.signal.aborted) break;
      }
      this.status = 'The answer is ready.';
    } catch (error) {
      if (stopper.signal.aborted) this.status = 'Stopped.';
      else if (error instanceof BadSetting) {
        this.trouble = { message: error.message, hint: 'Change it in the settings.', retry: true, code: 'setting' };
      } else this.trouble = troubleOf(error);
    } finally {
      if (this.stopper === stopper) this.stopper = undefined;
      this.save();
      void this.host.weigh();
    }
  }

  /** One turn of the model, as it streams. */
  private async turn(kinora: Kinora, signal: AbortSignal): Promise<Turn> {
    const { settings } = this;
    const model = this.library.chosen;
    const request = requestFor(this.turns, settings, model || EMBEDDED, this.library.strength);
    const turn: Turn = { role: 'assistant', text: '', model: model || 'Kinora’s own', json: settings.json };
    const calls: Call[] = [];
    const turns = [...this.turns, turn];
    this.turns = turns;
    this.changed();
    let first = 0;
    let tokens = 0;
    try {
      for await (const chunk of await kinora.chat.completions.create(request, { signal })) {
        const choice = chunk.choices[0];
        if (chunk.usage) tokens = chunk.usage.completion_tokens;
        if (choice?.delta.content) {
          turn.text += choice.delta.content;
          tokens += 1;
        }
        for (const { index, id, function: part } of choice?.delta.tool_calls ?? []) {
          calls[index] ??= { id: id ?? `call-${index}`, name: '', arguments: '', state: 'asked' };
          const call = calls[index] as Call;
          call.name += part?.name ?? '';
          call.arguments += part?.arguments ?? '';
          tokens += 1;
        }
        if (choice?.finish_reason === 'length') turn.ended = 'length';
        const now = performance.now();
        if (first === 0 && tokens > 0) first = now;
        else if (tokens > 1) turn.speed = ((tokens - 1) * 1000) / Math.max(1, now - first);
        this.host.speed = turn.speed;
        this.changed();
      }
    } catch (error) {
      turn.ended = signal.aborted ? 'stopped' : 'failed';
      if (turn.ended === 'failed' && turn.text === '') this.turns = turns.slice(0, -1);
      throw error;
    } finally {
      turn.tokens = tokens;
      if (calls.length > 0) turn.calls = calls;
      // An answer that was ended by `return` of the stream leaves calls without arguments behind: they are not run.
      if (turn.ended === 'stopped') delete turn.calls;
    }
    signal.throwIfAborted();
    return turn;
  }

  /** Runs a call, after the person's word where it needs that. */
  private async run(call: Call, signal: AbortSignal): Promise<void> {
    const tool = TOOLS.find(({ name }) => name === call.name);
    try {
      if (!tool || !this.settings.tools.includes(call.name)) throw new Error(`there is no tool ${call.name}`);
      const args = checkArguments(tool, call.arguments);
      if (!tool.pure) {
        this.status = `The model asks to run ${call.name}.`;
        this.changed();
        const yes = await new Promise<boolean>((resolve) => {
          this.consent = resolve;
        });
        this.consent = undefined;
        if (!yes) {
          call.state = 'refused';
          call.result = 'The person did not allow it.';
          return;
        }
      }
      signal.throwIfAborted();
      call.result = tool.run(args).slice(0, MAX_RESULT);
      call.state = 'done';
    } catch (error) {
      call.state = 'refused';
      call.result = `Error: ${error instanceof Error ? error.message : error}`;
    } finally {
      this.changed();
    }
  }

  private save(): void {
    this.kept = keep(this.turns, this.settings);
    this.changed();
  }
}

/** A call that waited when the page was closed is not allowed any more. */
const settled = (call: Call): Call =>
  call.state === 'asked' ? { ...call, state: 'refused', result: 'The page was closed.' } : call;
