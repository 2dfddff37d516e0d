import { compile } from './boot.js';

/** Runs `start` with the module at `url`: the first call fetches it, later ones wait for the same. After a failure the next tries again. */
export function moduleLoader(url: string, start: (module: WebAssembly.Module) => Promise<void>): () => Promise<void> {
  let loading: Promise<void> | undefined;
  // No signal: others may wait for it when the one who asked first has gone.
  const load = async (): Promise<void> => start(await compile(url, new AbortController().signal));
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
