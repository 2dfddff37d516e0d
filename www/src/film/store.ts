import type { FilmProject } from 'kinora';
import type { Wish } from './take.js';

/** The last film, as it lies in this browser's storage. */
export interface Saved {
  wish: Wish;
  project: FilmProject;
}

const NAME = 'kinora';
const STORE = 'films';
const LAST = 'last';

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settle(request);
}

/** Keeps the last film in IndexedDB. Where a browser gives no storage everything works from memory, and `denied` says so. */
export class Store {
  denied = false;
  private queue: Promise<void> = Promise.resolve();

  async load(): Promise<Saved | undefined> {
    try {
      const db = await open();
      const saved = await settle<Saved | undefined>(db.transaction(STORE).objectStore(STORE).get(LAST));
      db.close();
      return saved?.project?.version === 1 ? saved : undefined;
    } catch {
      this.denied = true;
      return undefined;
    }
  }

  /** Writes one after the other; resolves when this one is kept or refused. */
  save(saved: Saved): Promise<void> {
    this.queue = this.queue.then(async () => {
      try {
        const db = await open();
        await settle(db.transaction(STORE, 'readwrite').objectStore(STORE).put(saved, LAST));
        db.close();
        this.denied = false;
      } catch {
        this.denied = true;
      }
    });
    return this.queue;
  }
}
