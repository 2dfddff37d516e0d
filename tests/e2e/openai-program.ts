import type OpenAI from 'openai';

/** What the program saw, as plain data. */
export type Seen = Awaited<ReturnType<typeof program>>;

/**
 * A program written for the OpenAI API, with its unmodified package: the same lines run in the page over `kinora.fetch` and
 * in Node against `kinora serve`.
 */
export async function program(client: OpenAI) {
  const messages = [{ role: 'user' as const, content: 'Hello!' }];
  const ask = { model: 'kinora-text', messages, max_tokens: 12, seed: 1 };

  const whole = await client.chat.completions.create(ask);
  const chunks = [];
  const options = { stream: true, stream_options: { include_usage: true } } as const;
  for await (const chunk of await client.chat.completions.create({ ...ask, ...options })) chunks.push(chunk);

  const stream = await client.chat.completions.create({ ...ask, max_tokens: 64, stream: true });
  const first = [];
  for await (const chunk of stream) {
    first.push(chunk);
    if (first.length === 3) break;
  }

  const abort = new AbortController();
  let aborted = '';
  try {
    const long = { ...ask, max_tokens: 400, stream: true } as const;
    for await (const _ of await client.chat.completions.create(long, { signal: abort.signal })) abort.abort();
  } catch (error) {
    aborted = (error as Error).name;
  }

  const schema = {
    type: 'object',
    properties: { mood: { type: 'string', enum: ['happy', 'sad'] }, age: { type: 'integer', minimum: 0, maximum: 99 } },
    required: ['mood', 'age'],
    additionalProperties: false,
  };
  const shaped = await client.chat.completions.create({
    ...ask,
    max_tokens: 64,
    response_format: { type: 'json_schema', json_schema: { name: 'robot', strict: true, schema } },
  });

  const weather = {
    type: 'function' as const,
    function: {
      name: 'weather',
      description: 'The weather of a place.',
      parameters: {
        type: 'object',
        properties: {
          place: { type: 'string', enum: ['beach', 'forest'] },
          day: { type: 'integer', minimum: 1, maximum: 7 },
        },
        required: ['place', 'day'],
        additionalProperties: false,
      },
    },
  };
  const tooled = { ...ask, max_tokens: 128, tools: [weather], parallel_tool_calls: false };
  const called = await client.chat.completions.create({ ...tooled, tool_choice: 'required' });
  const call = called.choices[0]?.message.tool_calls?.[0];
  let calling = '';
  for await (const chunk of await client.chat.completions.create({
    ...tooled,
    tool_choice: 'required',
    stream: true,
  })) {
    for (const { function: f } of chunk.choices[0]?.delta.tool_calls ?? [])
      calling += `${f?.name ?? ''}${f?.arguments ?? ''}`;
  }
  const told = await client.chat.completions.create({
    ...tooled,
    messages: [
      ...messages,
      ...called.choices.map(({ message }) => message),
      { role: 'tool', tool_call_id: call?.id ?? '', content: 'Sunny.' },
    ],
    tool_choice: 'none',
  });
  const choice = await client.chat.completions.create({
    ...ask,
    // @ts-expect-error: the extension object passes the package untouched
    kinora: { choice: ['a cat', 'a dog'] },
  });

  const refusal = async (call: () => PromiseLike<unknown>) => {
    try {
      await call();
      return undefined;
    } catch (error) {
      const { status, code, param, type, message, headers } = error as InstanceType<typeof OpenAI.APIError>;
      return { status, code, param, type, message, retry: headers?.get('x-should-retry') };
    }
  };
  const refusals = {
    model: await refusal(() => client.chat.completions.create({ ...ask, model: 'gpt-9' })),
    field: await refusal(() =>
      client.chat.completions.create({ ...ask, prediction: { type: 'content', content: '' } }),
    ),
    value: await refusal(() => client.chat.completions.create({ ...ask, temperature: 3 })),
    image: await refusal(() =>
      client.chat.completions.create({
        ...ask,
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }] }],
      }),
    ),
    endpoint: await refusal(() => client.images.generate({ prompt: 'a robot' })),
  };

  const several = await client.chat.completions.create({ ...ask, n: 2, max_tokens: 4, temperature: 1 });
  const raw = await client.completions.create({
    model: 'kinora-text',
    prompt: 'The robot',
    max_tokens: 4,
    seed: 1,
    echo: true,
  });

  const response = await client.responses.create({ model: 'kinora-text', input: 'Hello!', max_output_tokens: 8 });
  const events = [];
  for await (const event of await client.responses.create({
    model: 'kinora-text',
    input: 'And now?',
    previous_response_id: response.id,
    max_output_tokens: 4,
    stream: true,
  })) {
    events.push(event);
  }
  const kept = await client.responses.retrieve(response.id);
  await client.responses.delete(response.id);
  const gone = await refusal(() => client.responses.retrieve(response.id));

  const vectors = await client.embeddings.create({ model: 'kinora-text', input: ['a shy robot', 'a flower'] });
  const floats = await client.embeddings.create({
    model: 'kinora-text',
    input: 'a shy robot',
    encoding_format: 'float',
  });

  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  const model = await client.models.retrieve('kinora-text');

  return {
    whole,
    chunks,
    first: first.map((chunk) => chunk.choices[0]?.delta.content ?? ''),
    aborted,
    shaped: shaped.choices[0]?.message.content ?? '',
    call: call?.type === 'function' ? call.function : undefined,
    calling,
    finish: called.choices[0]?.finish_reason,
    told: told.choices[0]?.message.content ?? '',
    choice: choice.choices[0]?.message.content ?? '',
    refusals,
    several: several.choices.map(({ index, finish_reason }) => ({ index, finish_reason })),
    raw: raw.choices[0]?.text ?? '',
    response: { text: response.output_text, status: response.status, kept: kept.output_text, gone: gone?.status },
    events: events.map((event) => event.type),
    vectors: vectors.data.map((v) => v.embedding.length),
    cosine: (floats.data[0]?.embedding ?? []).reduce((sum, x, i) => sum + x * (vectors.data[0]?.embedding[i] ?? 0), 0),
    models,
    model: model.id,
  };
}
