import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateText, jsonSchema, Output, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { kinoraServe, type Served } from './native.js';
import { program } from './openai-program.js';
import { check } from './openai-seen.js';
import { expect, test } from './support.js';

let served: Served;
test.beforeAll(async () => {
  served = await kinoraServe();
});
test.afterAll(() => served.close());

test('a program written for the OpenAI API runs on kinora serve with its unmodified package', async () => {
  check(await program(new OpenAI({ apiKey: 'none', baseURL: served.baseURL })));
});

test('the Vercel AI SDK runs on kinora serve: text, stream, an object of a schema, a tool, vectors', async () => {
  const provider = createOpenAICompatible({
    name: 'kinora',
    baseURL: served.baseURL,
    supportsStructuredOutputs: true,
    includeUsage: true,
  });
  const model = provider('kinora-text');
  const { text, finishReason, usage } = await generateText({ model, prompt: 'Hello!', maxOutputTokens: 8, seed: 1 });
  expect(text).toBeTruthy();
  expect(['stop', 'length']).toContain(finishReason);
  expect(usage.outputTokens).toBeGreaterThan(0);

  const result = streamText({ model, prompt: 'Hello!', maxOutputTokens: 8, seed: 1 });
  let streamed = '';
  for await (const delta of result.textStream) streamed += delta;
  expect(streamed).toBe(text);
  expect(await result.finishReason).toBe(finishReason);
  expect((await result.usage).outputTokens).toBe(usage.outputTokens);

  const schema = jsonSchema<{ mood: string }>({
    type: 'object',
    properties: { mood: { type: 'string', enum: ['happy', 'sad'] } },
    required: ['mood'],
    additionalProperties: false,
  });
  const { output } = await generateText({
    model,
    prompt: 'How is the robot?',
    output: Output.object({ schema }),
    seed: 1,
  });
  expect(['happy', 'sad']).toContain(output.mood);

  const inputSchema = jsonSchema<{ place: string }>({
    type: 'object',
    properties: { place: { type: 'string', enum: ['beach', 'forest'] } },
    required: ['place'],
    additionalProperties: false,
  });
  const { toolCalls } = await generateText({
    model,
    prompt: 'How is the weather?',
    tools: { weather: tool({ description: 'The weather of a place.', inputSchema }) },
    toolChoice: 'required',
    maxOutputTokens: 128,
  });
  expect(toolCalls[0]?.toolName).toBe('weather');
  expect(JSON.stringify(toolCalls[0]?.input)).toMatch(/^\{"place":"(beach|forest)"\}$/);

  const { embeddings } = await embedMany({
    model: provider.embeddingModel('kinora-text'),
    values: ['a robot', 'a cat'],
  });
  expect(embeddings).toHaveLength(2);
});

test('a connection that closes stops the work, and the next request is answered at once', async () => {
  const body = JSON.stringify({
    messages: [{ role: 'user', content: 'Tell a story.' }],
    max_tokens: 900,
    stream: true,
  });
  const headers = { 'content-type': 'application/json' };
  // More than may be answered at once: if they went on, the last would wait for them
  for (let i = 0; i < 8; i++) {
    const abort = new AbortController();
    const response = await fetch(`${served.baseURL}/chat/completions`, {
      method: 'POST',
      headers,
      body,
      signal: abort.signal,
    });
    await response.body?.getReader().read();
    abort.abort();
  }
  const began = performance.now();
  const { models } = { models: await (await fetch(`${served.baseURL}/models`)).json() };
  expect(models.data).toHaveLength(1);
  expect(performance.now() - began).toBeLessThan(2000);
});

test('only this machine, only JSON, only who has the key, only pages that were named', async () => {
  const guarded = await kinoraServe('--api-key', 'secret', '--cors', 'https://good.example');
  try {
    const ask = (headers: Record<string, string>, method = 'GET', path = 'models') =>
      fetch(`${guarded.baseURL}/${path}`, { method, headers, ...(method === 'POST' ? { body: '{}' } : {}) });
    const key = { authorization: 'Bearer secret' };
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer wrong!' })).status).toBe(401);
    expect((await ask(key)).status).toBe(200);
    expect((await ask({ ...key, 'content-type': 'text/plain' }, 'POST', 'completions')).status).toBe(415);
    const stranger = await ask({ ...key, origin: 'https://evil.example' });
    expect(stranger.status).toBe(403);
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
    const friend = await ask({ ...key, origin: 'https://good.example' });
    expect(friend.headers.get('access-control-allow-origin')).toBe('https://good.example');
    const asked = { origin: 'https://good.example', 'access-control-request-headers': 'authorization' };
    const preflight = await ask(asked, 'OPTIONS', 'chat/completions');
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
  } finally {
    await guarded.close();
  }
});
