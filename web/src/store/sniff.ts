import { KinoraError } from '../errors.js';
import type { ModelAbout } from '../types.js';

const starts = (bytes: Uint8Array, ...magic: number[]): boolean => magic.every((byte, i) => bytes[i] === byte);

/** What the first bytes of something that is no GGUF file look like, and what to do about it. */
function impostor(head: Uint8Array): { what: string; hint: string } {
  const text = new TextDecoder().decode(head.subarray(0, 512)).trimStart();
  const lower = text.slice(0, 100).toLowerCase();
  if (lower.startsWith('<!doctype') || lower.startsWith('<html') || lower.startsWith('<?xml')) {
    return {
      what: 'a web page',
      hint: 'The address leads to a page, perhaps a sign-in. Give the address of the file itself.',
    };
  }
  if (lower.startsWith('version https://git-lfs')) {
    return {
      what: 'a Git LFS pointer, not the weights',
      hint: 'Take the download address of the file (on Hugging Face: …/resolve/main/… in place of …/raw/main/…).',
    };
  }
  if (text.startsWith('{') || text.startsWith('[')) {
    return { what: 'JSON', hint: 'The server answered with a message instead of the file. Check the address.' };
  }
  if (starts(head, 0x1f, 0x8b)) return { what: 'a gzip file', hint: 'Unpack it first.' };
  if (starts(head, 0x50, 0x4b)) return { what: 'a zip or PyTorch file', hint: 'Convert the model to GGUF.' };
  if (/^(tjgg|fmgg|lmgg|algg)/.test(lower)) {
    return { what: 'a GGML file of before 2023', hint: 'Take a GGUF version of the model.' };
  }
  if (head.length > 9 && head[8] === 0x7b) {
    return { what: 'a safetensors file', hint: 'Text models are read from GGUF: take that version of the model.' };
  }
  return { what: 'no GGUF file', hint: 'Give the address of a .gguf file.' };
}

/** Refuses what is not a GGUF file by its first bytes, in words. `name`: the file or address, for the message. */
export function refuseImpostor(name: string, head: Uint8Array): void {
  if (starts(head, 0x47, 0x47, 0x55, 0x46)) return; // "GGUF"
  if (head.length === 0) {
    throw new KinoraError({
      code: 'not_a_model',
      stage: 'download',
      retryable: true,
      message: `${name} is empty.`,
      hint: 'Check the address, or try again later.',
    });
  }
  const { what, hint } = impostor(head);
  throw new KinoraError({
    code: 'not_a_model',
    stage: 'download',
    retryable: false,
    message: `${name} is ${what}.`,
    hint,
  });
}

/** An adapter alone runs nothing, and a model changes no other. */
export function refuseOther({ name, adapterOf }: { name: string; adapterOf?: string }, about: ModelAbout): void {
  if ((about.kind === 'adapter') === (adapterOf !== undefined)) return;
  const [code, what, hint] =
    adapterOf === undefined
      ? ['is_adapter', 'an adapter, not a model', 'Load its model, with this file as one of its adapters.']
      : [
          'adapter_refused',
          'a model, not an adapter',
          'Give an adapter in llama.cpp’s GGUF layout, or load this as a model.',
        ];
  throw new KinoraError({ code, stage: 'download', retryable: false, message: `${name} is ${what}.`, hint });
}
