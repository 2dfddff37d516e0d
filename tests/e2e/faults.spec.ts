// Malformed model files in the page: each is answered as its manifest says, within a second, and the engine lives on.
// KINORA_FAULTS names the folder with manifest.json and the files; without it there is nothing to run.

import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, root, type Site, serve, test } from './support.js';

interface Case {
  id: string;
  file: string;
  kind: string;
  stage: string;
  expect: 'ok' | 'error';
  expect_alt?: 'ok' | 'error';
  code?: string;
}
interface Answer {
  /** `ok`, or the code and the message of the error. */
  inspect: string;
  /** The same of loading it as a text model and writing eight tokens; GGUF files only. */
  run: string | undefined;
  /** Milliseconds of the slower of both. */
  ms: number;
}

const faults = process.env['KINORA_FAULTS'];
/** Codes of vocabularies differ where an earlier check already refuses the file. */
const EXACT = new Set(['container', 'config', 'template']);

let folder: string;
let site: Site;

test.beforeAll(async () => {
  test.skip(!faults, 'KINORA_FAULTS does not name a folder with the malformed set');
  folder = await mkdtemp(path.join(tmpdir(), 'kinora-faults-'));
  await cp(path.join(root, 'web/dist'), path.join(folder, 'kinora'), { recursive: true });
  await symlink(path.resolve(faults ?? ''), path.join(folder, 'files'));
  await writeFile(
    path.join(folder, 'index.html'),
    '<!doctype html><title>Faults</title><link rel="icon" href="data:,">',
  );
  site = await serve(folder, '--no-isolation');
});
test.afterAll(async () => {
  site?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** What is wrong with an answer, if anything. */
function fault({ id, stage, code, ...it }: Case, { inspect, run, ms }: Answer): string[] {
  const may = (what: 'ok' | 'error') => it.expect === what || it.expect_alt === what;
  const wrong: string[] = [];
  const say = (what: string) => wrong.push(`${id}: ${what}`);
  const died = [inspect, run].find((answer) => answer && /^(engine_stopped|internal|not typed)/.test(answer));
  if (died) say(died);
  // What weights hold shows when the model runs.
  const answer = stage === 'data' ? (run ?? '') : inspect;
  if (!may(answer === 'ok' ? 'ok' : 'error')) say(`answered ${answer}`);
  if (run === 'ok' && !may('ok')) say('was loaded and run');
  if (answer !== 'ok' && code && code !== 'E_ANY' && EXACT.has(stage) && !answer.includes(`[${code}]`)) {
    say(`wanted ${code}: ${answer}`);
  }
  if (ms > 1000) say(`took ${Math.round(ms)} ms`);
  return wrong;
}

test('the malformed set is answered in the page as its manifest says, and the engine lives on', async ({ page }) => {
  const { cases }: { cases: Case[] } = JSON.parse(await readFile(path.join(faults ?? '', 'manifest.json'), 'utf8'));
  const mine = cases.filter(({ kind }) => ['gguf', 'safetensors', 'tokenizer', 'template'].includes(kind));
  expect(mine.length).toBeGreaterThan(300);
  await page.goto(site.url);
  const answers = await page.evaluate(async (cases) => {
    const url = new URL('kinora/index.js', location.href).href;
    const { Kinora, KinoraError }: typeof import('kinora') = await import(url);
    const kinora = await Kinora.load({ device: 'cpu', video: false });
    const told = async (work: () => Promise<unknown>): Promise<string> => {
      try {
        await work();
        return 'ok';
      } catch (error) {
        return error instanceof KinoraError ? `${error.code}: ${error.message}` : `not typed: ${error}`;
      }
    };
    const answers: Answer[] = [];
    for (const { file: name, kind } of cases) {
      const blob = await (await fetch(`files/${name}`)).blob();
      const file = new File([blob], name);
      const start = performance.now();
      const inspect = await told(() => kinora.inspect(file));
      const between = performance.now();
      let run: string | undefined;
      if (kind === 'gguf') {
        run = await told(async () => {
          await kinora.models.load(file, { name: 'fault' });
          const messages = [{ role: 'user' as const, content: 'a' }];
          await kinora.chat.completions.create({ model: 'fault', messages, max_tokens: 8, temperature: 0 });
        });
        await kinora.models.unload('fault');
      }
      answers.push({ inspect, run, ms: Math.max(between - start, performance.now() - between) });
    }
    // the same engine still writes
    const messages = [{ role: 'user' as const, content: 'Hello!' }];
    const last = await kinora.chat.completions.create({ messages, max_tokens: 8 });
    kinora.dispose();
    if (!last.choices[0]?.message.content) throw new Error('the engine wrote nothing');
    return answers;
  }, mine);
  const wrong = mine.flatMap((it, i) => fault(it, answers[i] as Answer));
  expect(wrong).toEqual([]);
});
