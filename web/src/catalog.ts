import { errorShape } from './errors.js';
import { address, errorResponse } from './fetch.js';
import type { Models } from './models.js';
import type { StoredModel } from './types.js';

/** An entry of `GET models`. */
interface Entry {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  kinora: Record<string, unknown>;
}

/**
 * `GET` and `DELETE models` as the page knows them: beside what the engine has loaded, what lies on the disk, with
 * `kinora: { loaded: false }`; a model that is deleted leaves the engine and the disk. All else is the engine's.
 */
export function withCatalog(engine: typeof globalThis.fetch, models: Models): typeof globalThis.fetch {
  return async (input, init) => {
    const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
    const path = new URL(address(input), 'http://kinora/v1/').pathname.split('/v1/').at(-1)?.replace(/\/+$/, '') ?? '';
    const asked =
      path === 'models' ? '' : path.startsWith('models/') ? decoded(path.slice('models/'.length)) : undefined;
    if (asked === undefined || (method !== 'GET' && (method !== 'DELETE' || asked === ''))) return engine(input, init);
    const told = await engine(input, method === 'DELETE' ? { ...init, method: 'GET' } : init);
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    try {
      if (method === 'DELETE') return await deleted(asked, told, () => engine(input, init), models);
      if (asked === '' && told.ok) return await listed(told, models);
      if (asked !== '' && told.status === 404) {
        const stored = (await models.list()).find(({ name }) => name === asked);
        if (stored) return Response.json(entry(stored));
      }
      return told;
    } catch (error) {
      signal?.throwIfAborted();
      const { code, message, hint } = errorShape(error, 'request');
      return errorResponse(code === 'model_busy' ? 409 : 500, code, hint ? `${message} ${hint}` : message);
    }
  };
}

async function listed(told: Response, models: Models): Promise<Response> {
  const { data, ...rest } = (await told.json()) as { data: Entry[] };
  const known = new Set(data.map(({ id }) => id));
  const others = (await models.list()).filter(({ name }) => !known.has(name)).map(entry);
  return Response.json({ ...rest, data: [...data, ...others] });
}

async function deleted(
  id: string,
  told: Response,
  byEngine: () => Promise<Response>,
  models: Models,
): Promise<Response> {
  const loaded = told.ok ? ((await told.json()) as Entry & { parent?: string }) : undefined;
  const adapter = loaded?.kinora['adapter'];
  if (loaded?.parent && typeof adapter === 'string') await models.removeAdapter(loaded.parent, adapter);
  else if ((await models.list()).some(({ name }) => name === id)) await models.delete(id);
  // The embedded one, and what is not there at all: the engine says why
  else return byEngine();
  return Response.json({ id, object: 'model', deleted: true });
}

/** A model that is on this device and not in the engine. */
function entry({ name, added, bytes, have, stored, about }: StoredModel): Entry {
  const { architecture, quantisation: quantization, parameters, context, kind } = about;
  const kinora = {
    loaded: false,
    default: false,
    architecture,
    quantization,
    parameters,
    context,
    bytes,
    have,
    stored,
  };
  return {
    id: name,
    object: 'model',
    created: Math.floor(added / 1000),
    owned_by: 'kinora',
    kinora: { ...kinora, writes: kind === 'text' },
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
