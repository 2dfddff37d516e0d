import { saveFile } from '../words.js';
import { calculate } from './calculator.js';

/** Something that the model may ask the page to do. */
export interface Tool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
  /** Pure ones change nothing and tell nobody: they run at once. The others wait for the person's click. */
  pure: boolean;
  /** Takes checked arguments; what it gives is told to the model as data. */
  run(args: Record<string, string>): string;
}

const text = (description: string): Record<string, unknown> => ({ type: 'string', description });
const object = (properties: Record<string, unknown>): Record<string, unknown> => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

export const TOOLS: readonly Tool[] = [
  {
    name: 'calculator',
    description: 'Computes an arithmetic expression with + - * / ^ and parentheses.',
    parameters: object({ expression: text('such as (2 + 3) * 4.5') }),
    pure: true,
    run: ({ expression = '' }) => String(calculate(expression)),
  },
  {
    name: 'clock',
    description: 'Tells the date and the time of a time zone.',
    parameters: object({ time_zone: text('an IANA name such as Europe/Berlin, or local') }),
    pure: true,
    run: ({ time_zone = 'local' }) =>
      new Intl.DateTimeFormat('en', {
        dateStyle: 'full',
        timeStyle: 'long',
        ...(time_zone === 'local' ? {} : { timeZone: time_zone }),
      }).format(new Date()),
  },
  {
    name: 'save_note',
    description: 'Saves a text file to the downloads of the person.',
    parameters: object({ title: text('the name of the file'), text: text('what stands in it') }),
    pure: false,
    run: ({ title = 'note', text: note = '' }) => {
      const name = title.replace(/[^\p{L}\p{N} _-]+/gu, '').slice(0, 60) || 'note';
      saveFile(new Blob([note], { type: 'text/plain' }), `${name}.txt`);
      return 'saved';
    },
  },
];

const MAX_ARGUMENTS = 20_000;

/** The arguments of a call against the tool's own list: all there, all strings, no others. Throws in words. */
export function checkArguments(tool: Tool, json: string): Record<string, string> {
  if (json.length > MAX_ARGUMENTS) throw new Error('the arguments are too long');
  const args: unknown = JSON.parse(json);
  if (typeof args !== 'object' || args === null || Array.isArray(args)) throw new Error('the arguments are no object');
  const names = tool.parameters['required'] as string[];
  const entries = Object.entries(args);
  for (const [name, value] of entries) {
    if (!names.includes(name)) throw new Error(`there is no argument ${name.slice(0, 40)}`);
    if (typeof value !== 'string') throw new Error(`${name} is no text`);
  }
  for (const name of names) if (!Object.hasOwn(args, name)) throw new Error(`${name} is missing`);
  return Object.fromEntries(entries) as Record<string, string>;
}
