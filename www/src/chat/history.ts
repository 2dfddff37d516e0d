/** A request of the model to the page, and what came of it. */
export interface Call {
  id: string;
  name: string;
  /** JSON, as the model wrote it. */
  arguments: string;
  /** What the model was told. */
  result?: string;
  /** `asked`: it waits for the person. */
  state: 'asked' | 'done' | 'refused';
}

/** One turn of a conversation. */
export interface Turn {
  role: 'user' | 'assistant';
  text: string;
  /** Who answered. */
  model?: string;
  calls?: Call[];
  /** The text is JSON that follows the schema. */
  json?: boolean;
  tokens?: number;
  /** Tokens a second. */
  speed?: number;
  /** Why it ended before its time. */
  ended?: 'stopped' | 'length' | 'failed';
}

/** How the model is to answer; empty fields are left to the engine. */
export interface Settings {
  system: string;
  temperature: string;
  top_p: string;
  top_k: string;
  min_p: string;
  max_tokens: string;
  seed: string;
  json: boolean;
  schema: string;
  tools: string[];
}

export const EXAMPLE_SCHEMA = JSON.stringify(
  {
    type: 'object',
    properties: {
      title: { type: 'string', maxLength: 60 },
      mood: { enum: ['happy', 'sad', 'calm'] },
      words: { type: 'integer', minimum: 1, maximum: 500 },
    },
    required: ['title', 'mood', 'words'],
    additionalProperties: false,
  },
  null,
  2,
);

export const newSettings = (): Settings => ({
  system: '',
  temperature: '',
  top_p: '',
  top_k: '',
  min_p: '',
  max_tokens: '',
  seed: '',
  json: false,
  schema: EXAMPLE_SCHEMA,
  tools: [],
});

const KEY = 'kinora-chat';

/** The conversation as it was left; a page without storage begins anew. */
export function recall(): { turns: Turn[]; settings: Settings } {
  try {
    const saved = JSON.parse(localStorage.getItem(KEY) ?? '') as { version: number; turns: Turn[]; settings: Settings };
    if (saved.version === 1 && Array.isArray(saved.turns) && saved.turns.every(isTurn)) {
      return { turns: saved.turns, settings: { ...newSettings(), ...saved.settings } };
    }
  } catch {
    // nothing there, or nothing that can be read
  }
  return { turns: [], settings: newSettings() };
}

const isTurn = (turn: Turn): boolean =>
  typeof turn?.text === 'string' && (turn.role === 'user' || turn.role === 'assistant');

/** Keeps the conversation; false where the browser keeps nothing. */
export function keep(turns: Turn[], settings: Settings): boolean {
  try {
    localStorage.setItem(KEY, JSON.stringify({ version: 1, turns, settings }));
    return true;
  } catch {
    return false;
  }
}
