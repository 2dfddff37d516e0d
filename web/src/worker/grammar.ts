import grammar from 'kinora:glue/grammar';
import { compile } from './boot.js';
import type { Engine } from './engine.js';

/**
 * What brings the engine its module of grammars: the first call fetches it, later ones wait for the same. After a failure the
 * next call tries again.
 */
export function grammarLoader(url: string, engine: Engine): () => Promise<void> {
  let loading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    // No signal: others may wait for it when the one who asked first has gone.
    await grammar({ module_or_path: await compile(url, new AbortController().signal) });
    engine.set_grammars(grammar);
  };
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
