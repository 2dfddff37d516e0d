import { KinoraError } from '../errors.js';

const PART = /-(\d{5})-of-(\d{5})(\.gguf)$/i;
const MAX_PARTS = 999;

/** `SmolLM2-135M-Instruct-Q8_0` for `…/SmolLM2-135M-Instruct-Q8_0-00001-of-00003.gguf?download=true`. */
export function modelName(file: string): string {
  const last = file.split(/[?#]/)[0]?.split('/').at(-1) ?? '';
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // A stray % in an address: the name keeps it.
  }
  return (
    name
      .replace(PART, '$3')
      .replace(/\.gguf$/i, '')
      .slice(0, 120) || 'model'
  );
}

/** All addresses of a model that may be split: any part of `…-00001-of-00003.gguf` names the other two. */
export function partUrls(url: string): string[] {
  const address = new URL(url);
  address.hash = '';
  const match = PART.exec(address.pathname);
  const of = Number(match?.[2] ?? 1);
  if (!match || of <= 1) return [address.href];
  if (of > MAX_PARTS) throw badParts(`${modelName(url)} would have ${of} parts`);
  return Array.from({ length: of }, (_, i) => {
    const part = new URL(address);
    part.pathname = address.pathname.replace(PART, `-${String(i + 1).padStart(5, '0')}-of-${match[2]}$3`);
    return part.href;
  });
}

/** The files of one model in the order of their parts; names the part that is missing. */
export function partFiles<T extends { readonly name: string }>(files: readonly T[]): T[] {
  const first = files[0];
  if (!first) throw badParts('no file was given');
  if (files.length === 1 && !PART.test(first.name)) return [first];
  const of = Number(PART.exec(first.name)?.[2] ?? 0);
  const parts: T[] = [];
  for (const file of files) {
    const match = PART.exec(file.name);
    if (!match || Number(match[2]) !== of || modelName(file.name) !== modelName(first.name)) {
      throw badParts(`${file.name} and ${first.name} are not parts of one model`);
    }
    parts[Number(match[1]) - 1] = file;
  }
  const missing = Array.from({ length: of }, (_, i) => i).filter((i) => !parts[i]);
  if (missing.length > 0) {
    throw badParts(
      `of the ${of} parts of ${modelName(first.name)} there is no ${missing.map((i) => i + 1).join(', ')}`,
    );
  }
  return parts;
}

function badParts(why: string): KinoraError {
  return new KinoraError({
    code: 'invalid_argument',
    stage: 'request',
    retryable: false,
    message: `The model cannot be put together: ${why}.`,
    hint: 'Give one GGUF file, or all parts of a split one (…-00001-of-00003.gguf and so on).',
    param: 'model',
  });
}
