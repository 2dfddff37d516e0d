import type { ChatCompletionChunk, ChatParams, Kinora } from 'kinora';
import { expect, test } from 'vitest';
import { Host } from '../host.js';
import { Library } from '../models/library.js';
import { Talk } from './talk.js';

type Delta = ChatCompletionChunk['choices'][number]['delta'];
/** What a model says in one turn; a function is asked for it with the request. */
type Script = (request: ChatParams) => Delta[];

const call = (name: string, args: string): Delta => ({
  tool_calls: [{ index: 0, id: `id-${name}`, type: 'function', function: { name, arguments: args } }],
});

/** A conversation with a model that says what the scripts give, turn by turn. */
function talkWith(...scripts: Script[]): { talk: Talk; asked: ChatParams[]; idle: () => Promise<void> } {
  const asked: ChatParams[] = [];
  const create = async (request: ChatParams): Promise<AsyncIterable<ChatCompletionChunk>> => {
    asked.push(structuredClone(request));
    const deltas = (scripts[asked.length - 1] ?? scripts.at(-1))?.(request) ?? [];
    return (async function* () {
      for (const delta of deltas) {
        await Promise.resolve();
        yield { choices: [{ index: 0, delta, finish_reason: null }] } as unknown as ChatCompletionChunk;
      }
    })();
  };
  const host = new Host();
  const kinora = { chat: { completions: { create } }, memory: async () => ({ wasm: 0, weights: 0 }) };
  host.load = async () => kinora as unknown as Kinora;
  const talk = new Talk(host, new Library(host), () => undefined);
  const idle = async (): Promise<void> => {
    while (talk.busy && !talk.status.includes('asks')) await new Promise((resolve) => setTimeout(resolve));
  };
  return { talk, asked, idle };
}

test('a pure tool runs at once, and the model reads its result as data', async () => {
  const { talk, asked, idle } = talkWith(
    () => [call('calculator', '{"expression":"6*7"}')],
    () => [{ content: 'It is 42.' }],
  );
  talk.set({ tools: ['calculator'] });
  talk.send('What is 6 times 7?');
  await idle();
  expect(talk.turns.map(({ role, text }) => [role, text])).toEqual([
    ['user', 'What is 6 times 7?'],
    ['assistant', ''],
    ['assistant', 'It is 42.'],
  ]);
  expect(talk.turns[1]?.calls?.[0]).toMatchObject({ name: 'calculator', state: 'done', result: '42' });
  expect(asked[1]?.messages.at(-1)).toEqual({ role: 'tool', tool_call_id: 'id-calculator', content: '42' });
});

test('a tool that does something waits for the person, whose refusal is told', async () => {
  const { talk, asked, idle } = talkWith(
    () => [call('save_note', '{"title":"a","text":"b"}')],
    () => [{ content: 'Fine.' }],
  );
  talk.set({ tools: ['save_note'] });
  talk.send('Save a note');
  await idle();
  expect(talk.status).toContain('save_note');
  expect(talk.turns[1]?.calls?.[0]?.state).toBe('asked');
  expect(asked.length).toBe(1);
  talk.allow(false);
  talk.status = '';
  await idle();
  expect(talk.turns[1]?.calls?.[0]).toMatchObject({ state: 'refused', result: 'The person did not allow it.' });
  expect(talk.turns.at(-1)?.text).toBe('Fine.');
});

test('a hostile model gets nothing run that was not allowed, and comes to an end', async () => {
  const hostile: [string, string][] = [
    ['save_note', '{"title":"a","text":"b"}'], // not switched on
    ['eval', '{"code":"1"}'],
    ['__proto__', '{}'],
    ['calculator', '{"expression":"1","x":"y"}'],
    ['calculator', 'not json'],
    ['calculator', '{"expression":"alert(1)"}'],
    ['calculator', `{"expression":"${'('.repeat(900)}"}`],
    ['clock', '{"time_zone":"../../etc"}'],
  ];
  for (const [name, args] of hostile) {
    const { talk, asked, idle } = talkWith(() => [call(name, args)]);
    talk.set({ tools: ['calculator', 'clock'] });
    talk.send('go');
    await idle();
    const calls = talk.turns.flatMap(({ calls }) => calls ?? []);
    expect(calls.every(({ state, result }) => state === 'refused' && result?.startsWith('Error'))).toBe(true);
    // Eight rounds, whatever it asks for.
    expect(asked.length).toBe(8);
  }
});

test('Stop while a tool waits ends the conversation’s turn', async () => {
  const { talk, asked, idle } = talkWith(() => [call('save_note', '{"title":"a","text":"b"}')]);
  talk.set({ tools: ['save_note'] });
  talk.send('Save a note');
  await idle();
  talk.stop();
  talk.status = '';
  await idle();
  expect(talk.busy).toBe(false);
  expect(asked.length).toBe(1);
  expect(talk.turns[1]?.calls?.[0]?.state).toBe('refused');
});
