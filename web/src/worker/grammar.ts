import grammar from 'kinora:glue/grammar';
import type { Engine } from './engine.js';
import { moduleLoader } from './module.js';

/** What brings the engine its module of grammars. */
export function grammarLoader(url: string, engine: Engine): () => Promise<void> {
  return moduleLoader(url, async (module) => {
    await grammar({ module_or_path: module });
    engine.set_grammars(grammar);
  });
}
