import { KinoraError } from '../errors.js';
import { Link } from './link.js';

interface Policy {
  createScriptURL(url: string): string;
}
let policy: Policy | undefined;

/** Under `require-trusted-types-for 'script'` a worker's address must come from a policy; ours lets through what this file passes it. */
function trusted(url: string): string {
  const factory = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }).trustedTypes;
  if (!factory) return url;
  policy ??= factory.createPolicy('kinora', { createScriptURL: (value) => value });
  return policy.createScriptURL(url);
}

/** Browsers start workers from the page's own origin only; elsewhere (a CDN, a sandbox) the script goes through a blob. */
function sameOrigin(url: string): boolean {
  // Not `location.origin`: in a sandbox that is still the address's, and the page's own is "null".
  return globalThis.origin !== 'null' && new URL(url).origin === globalThis.origin;
}

async function blobUrl(url: string): Promise<string> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) {
    throw new KinoraError({
      code: 'asset_missing',
      stage: 'load',
      retryable: true,
      message: `The worker script could not be read: ${url} (${response ? `status ${response.status}` : 'no connection'}).`,
      hint: 'Check that the dist folder of kinora is served whole, or set `assets` to where it lies.',
    });
  }
  return URL.createObjectURL(new Blob([await response.text()], { type: 'text/javascript' }));
}

/** Starts the worker: directly, and once more through a blob where the host forbids that. */
export async function startWorker(url: string, onDeath: () => void): Promise<Link> {
  let first: unknown;
  if (sameOrigin(url)) {
    const worker = new Worker(trusted(url), { name: 'kinora' });
    try {
      return await Link.start(worker, onDeath);
    } catch (error) {
      worker.terminate();
      first = error;
    }
  }
  // The blob's address stays valid: the engine's threads start from it later.
  const address = await blobUrl(url);
  let worker: Worker | undefined;
  try {
    worker = new Worker(trusted(address), { name: 'kinora' });
    return await Link.start(worker, onDeath);
  } catch (error) {
    worker?.terminate();
    URL.revokeObjectURL(address);
    throw first ?? error;
  }
}
