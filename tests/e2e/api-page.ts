// Bundled into the test page of api.spec.ts: what a user's own page would hold.
import { Kinora } from 'kinora';
import OpenAI from 'openai';
import { program } from './openai-program.js';

let pieces = 0;
class CountingWorker extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    this.addEventListener('message', ({ data }) => {
      if (data?.type === 'event' && data.event?.type === 'body') pieces += 1;
    });
  }
}
globalThis.Worker = CountingWorker;

const page = {
  Kinora,
  program,
  /** Pieces of answers that the engine's worker has computed so far. */
  pieces: () => pieces,
  client: (kinora: Kinora) =>
    new OpenAI({ fetch: kinora.fetch, apiKey: 'none', baseURL: 'http://kinora/v1', dangerouslyAllowBrowser: true }),
};
declare global {
  interface Window {
    page: typeof page;
  }
}
window.page = page;
