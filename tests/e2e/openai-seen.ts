import type { Seen } from './openai-program.js';
import { expect } from './support.js';

/** What the program must have seen, wherever it ran. */
export function check(seen: Seen): void {
  const answer = seen.whole.choices[0];
  expect(seen.whole.object).toBe('chat.completion');
  expect(answer?.message.content).toBeTruthy();
  expect(seen.whole.usage?.completion_tokens).toBeGreaterThan(0);
  expect(seen.whole).toMatchObject({ kinora: { device: 'cpu', seed: 1 } });

  const choices = seen.chunks.flatMap((chunk) => chunk.choices);
  expect(choices.map((choice) => choice.delta.content ?? '').join('')).toBe(answer?.message.content);
  expect(choices[0]?.delta.role).toBe('assistant');
  expect(choices.at(-1)?.finish_reason).toBe(answer?.finish_reason);
  expect(choices.slice(0, -1).every((choice) => choice.finish_reason === null)).toBe(true);
  expect(seen.chunks.at(-1)?.usage).toMatchObject({ total_tokens: seen.whole.usage?.total_tokens });
  expect(seen.first).toHaveLength(3);
  expect(seen.first.every((text) => text.length > 0)).toBe(true);
  // The package ends its loop quietly where its own signal aborts
  expect(['', 'AbortError', 'Error']).toContain(seen.aborted);

  const robot = JSON.parse(seen.shaped) as { mood: string; age: number };
  expect(['happy', 'sad']).toContain(robot.mood);
  expect(Number.isInteger(robot.age) && robot.age >= 0 && robot.age <= 99).toBe(true);

  expect(seen.call?.name).toBe('weather');
  const { place, day } = JSON.parse(seen.call?.arguments ?? '') as { place: string; day: number };
  expect(['beach', 'forest']).toContain(place);
  expect(day >= 1 && day <= 7).toBe(true);
  expect(seen.finish).toBe('tool_calls');
  expect(seen.calling).toBe(`weather${seen.call?.arguments}`);
  expect(seen.told).toBeTruthy();
  expect(['a cat', 'a dog']).toContain(seen.choice);

  const { model, field, value, image, endpoint } = seen.refusals;
  expect(model).toMatchObject({ status: 404, code: 'model_not_found', param: 'model', retry: 'false' });
  expect(model?.message).toContain('kinora-text');
  expect(field).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'prediction' });
  expect(value).toMatchObject({ status: 400, param: 'temperature', type: 'invalid_request_error' });
  expect(image).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'messages[0].content[0]' });
  expect(endpoint).toMatchObject({ status: 404, code: 'not_found' });
  expect(endpoint?.message).toContain('POST chat/completions');

  expect(seen.several.map(({ index }) => index)).toEqual([0, 1]);
  expect(seen.raw).toMatch(/^The robot./);
  expect(seen.response.text).toBeTruthy();
  expect(['completed', 'incomplete']).toContain(seen.response.status);
  expect(seen.response.kept).toBe(seen.response.text);
  expect(seen.response.gone).toBe(404);
  expect(seen.events[0]).toBe('response.created');
  expect(seen.events).toContain('response.output_text.delta');
  expect(seen.events.at(-1)).toMatch(/^response\.(completed|incomplete)$/);

  expect(seen.vectors).toHaveLength(2);
  expect(seen.vectors[0]).toBeGreaterThan(8);
  expect(seen.vectors[1]).toBe(seen.vectors[0]);
  // The same text gives the same vector of length one, asked for as base64 (the package's own way) or as numbers
  expect(seen.cosine).toBeCloseTo(1, 4);
  expect(seen.models).toContain('kinora-text');
  expect(seen.model).toBe('kinora-text');
}
