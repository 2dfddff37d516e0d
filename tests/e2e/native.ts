import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from './support.js';

/** A running `kinora serve`. */
export interface Served {
  baseURL: string;
  close(): Promise<void>;
}

/** Starts `kinora serve` on a free port: the newer of the release and the debug build. */
export async function kinoraServe(...options: string[]): Promise<Served> {
  const builds = ['release', 'debug'].map((kind) => path.join(root, 'target', kind, 'kinora')).filter(existsSync);
  const [program] = builds.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!program) throw new Error('Build the native program first: cargo build -p kinora-cli');
  const server: ChildProcess = spawn(program, ['serve', '--port', '0', ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const baseURL = await new Promise<string>((resolve, reject) => {
    server.stdout?.once('data', (line) => resolve(String(line).trim()));
    server.once('exit', (code) => reject(new Error(`kinora serve ended with ${code}`)));
  });
  return {
    baseURL,
    async close() {
      server.removeAllListeners('exit');
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
  };
}
