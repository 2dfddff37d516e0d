import type { ChatMessage, ChatParams, KinoraExtension, Schema } from 'kinora';
import type { Settings, Turn } from './history.js';
import { TOOLS } from './tools.js';

/** A streamed request. */
export type Request = ChatParams & { stream: true };

/** A setting that cannot be; named for the form. */
export class BadSetting extends Error {}

/** The request for the next turn. Only what the person set is sent: the rest is the engine's to choose. */
export function requestFor(
  turns: readonly Turn[],
  settings: Settings,
  model: string,
  adapters: Readonly<Record<string, number>> = {},
): Request {
  const request: Request = {
    messages: messagesOf(turns, settings.system),
    model,
    stream: true,
    stream_options: { include_usage: true },
  };
  const extension: KinoraExtension = {};
  const set = (to: object, field: string, text: string, most: number, whole = false, least = 0): void => {
    if (text.trim() === '') return;
    const value = Number(text);
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      const kind = whole ? 'a whole number ' : '';
      throw new BadSetting(`${field.replaceAll('_', ' ')} is ${text}: it must be ${kind}from ${least} to ${most}.`);
    }
    Object.assign(to, { [field]: value });
  };
  set(request, 'temperature', settings.temperature, 2);
  set(request, 'top_p', settings.top_p, 1);
  set(request, 'max_completion_tokens', settings.max_tokens, 1_000_000, true, 1);
  set(request, 'seed', settings.seed, 2 ** 32 - 1, true);
  set(extension, 'top_k', settings.top_k, 1000, true);
  set(extension, 'min_p', settings.min_p, 1);
  if (Object.keys(adapters).length > 0) extension.adapters = adapters;
  if (Object.keys(extension).length > 0) request.kinora = extension;
  if (settings.json) {
    let schema: Schema;
    try {
      schema = JSON.parse(settings.schema) as Schema;
    } catch (error) {
      throw new BadSetting(`The schema is no JSON: ${error instanceof Error ? error.message : error}`);
    }
    request.response_format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } };
  } else {
    const tools = TOOLS.filter(({ name }) => settings.tools.includes(name));
    if (tools.length > 0) {
      request.tools = tools.map(({ name, description, parameters }) => ({
        type: 'function',
        function: { name, description, parameters },
      }));
    }
  }
  return request;
}

function messagesOf(turns: readonly Turn[], system: string): ChatMessage[] {
  const messages: ChatMessage[] = [];
  if (system.trim()) messages.push({ role: 'system', content: system });
  for (const { role, text, calls } of turns) {
    if (!calls?.length) {
      if (text) messages.push({ role, content: text });
      continue;
    }
    messages.push({
      role: 'assistant',
      content: text || null,
      tool_calls: calls.map(({ id, name, arguments: args }) => ({
        id,
        type: 'function',
        function: { name, arguments: args },
      })),
    });
    for (const { id, result } of calls) messages.push({ role: 'tool', tool_call_id: id, content: result ?? '' });
  }
  return messages;
}
