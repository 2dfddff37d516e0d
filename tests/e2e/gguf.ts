// A small GGUF writer for tests: a Llama-type model with random weights and a vocabulary of bytes. It talks nonsense, and runs.

type Value = { type: number; bytes: Buffer };
const u32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
};
const u64 = (n: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(n));
  return bytes;
};
const text = (s: string): Buffer => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)]);
const str = (s: string): Value => ({ type: 8, bytes: text(s) });
const int = (n: number): Value => ({ type: 4, bytes: u32(n) });
const float = (n: number): Value => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(n);
  return { type: 6, bytes };
};
const array = (type: number, items: Buffer[]): Value => ({
  type: 9,
  bytes: Buffer.concat([u32(type), u64(items.length), ...items]),
});

/** What a byte is called in a byte-level vocabulary (GPT-2's table). */
function byteNames(): string[] {
  const plain = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(plain(b) ? b : next++));
}

export interface Shape {
  embedding: number;
  layers: number;
  /** Of random weights. */
  seed?: number;
  architecture?: string;
  name?: string;
}

/** The bytes of a model; `parts` > 1 splits it as llama.cpp's gguf-split does. */
export function gguf(
  { embedding, layers, seed = 1, architecture = 'llama', name = 'Test' }: Shape,
  parts = 1,
): Buffer[] {
  const heads = 4;
  const vocab = [...byteNames(), '<|end|>', '<|user|>', '<|assistant|>'];
  const meta: [string, Value][] = [
    ['general.architecture', str(architecture)],
    ['general.name', str(name)],
    [`${architecture}.block_count`, int(layers)],
    [`${architecture}.context_length`, int(512)],
    [`${architecture}.embedding_length`, int(embedding)],
    [`${architecture}.feed_forward_length`, int(embedding * 2)],
    [`${architecture}.attention.head_count`, int(heads)],
    [`${architecture}.attention.head_count_kv`, int(heads)],
    [`${architecture}.attention.layer_norm_rms_epsilon`, float(1e-5)],
    [`${architecture}.rope.freq_base`, float(10000)],
    ['tokenizer.ggml.model', str('gpt2')],
    ['tokenizer.ggml.pre', str('gpt-2')],
    ['tokenizer.ggml.tokens', array(8, vocab.map(text))],
    [
      'tokenizer.ggml.token_type',
      array(
        5,
        vocab.map((_, i) => u32(i < 256 ? 1 : 3)),
      ),
    ],
    ['tokenizer.ggml.merges', array(8, [])],
    ['tokenizer.ggml.eos_token_id', int(256)],
    ['tokenizer.ggml.bos_token_id', int(256)],
    [
      'tokenizer.chat_template',
      str(
        '{% for m in messages %}<|user|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}',
      ),
    ],
  ];
  const tensors: [string, number[]][] = [['token_embd.weight', [embedding, vocab.length]]];
  for (let i = 0; i < layers; i++) {
    const add = (tensor: string, dims: number[]): number => tensors.push([`blk.${i}.${tensor}.weight`, dims]);
    add('attn_norm', [embedding]);
    for (const t of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) add(t, [embedding, embedding]);
    add('ffn_norm', [embedding]);
    add('ffn_gate', [embedding, embedding * 2]);
    add('ffn_up', [embedding, embedding * 2]);
    add('ffn_down', [embedding * 2, embedding]);
  }
  tensors.push(['output_norm.weight', [embedding]]);
  const each = Math.ceil(tensors.length / parts);
  return Array.from({ length: parts }, (_, p) => {
    const own = tensors.slice(p * each, (p + 1) * each);
    const split: [string, Value][] = [
      ['split.no', { type: 2, bytes: Buffer.from([p, 0]) }],
      ['split.count', { type: 2, bytes: Buffer.from([parts, 0]) }],
      ['split.tensors.count', { type: 5, bytes: u32(tensors.length) }],
    ];
    const pairs = parts === 1 ? meta : p === 0 ? [...meta, ...split] : split;
    return file(pairs, own, seed + p);
  });
}

/** A low-rank adapter of such a model in llama.cpp's layout, for the down projection of its last layer. */
export function adapter({ embedding, layers, seed = 1, architecture = 'llama' }: Shape, strength = 256): Buffer {
  const rank = 4;
  const meta: [string, Value][] = [
    ['general.architecture', str(architecture)],
    ['general.type', str('adapter')],
    ['adapter.type', str('lora')],
    ['adapter.lora.alpha', float(rank * strength)],
  ];
  const matrix = `blk.${layers - 1}.ffn_down.weight`;
  const tensors: [string, number[]][] = [
    [`${matrix}.lora_a`, [embedding * 2, rank]],
    [`${matrix}.lora_b`, [rank, embedding]],
  ];
  return file(meta, tensors, seed);
}

function file(pairs: [string, Value][], tensors: [string, number[]][], seed: number): Buffer {
  const align = (n: number): number => Math.ceil(n / 32) * 32;
  let offset = 0;
  const infos: Buffer[] = [];
  const data: Buffer[] = [];
  let state = seed * 2654435761;
  for (const [name, dims] of tensors) {
    infos.push(text(name), u32(dims.length), ...dims.map(u64), u32(0), u64(offset));
    const count = dims.reduce((a, b) => a * b, 1);
    const floats = new Float32Array(count);
    const scale = dims.length === 1 ? 0 : 0.08;
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      floats[i] = dims.length === 1 ? 1 : (state / 2 ** 31) * scale;
    }
    const bytes = Buffer.from(floats.buffer);
    data.push(bytes, Buffer.alloc(align(bytes.length) - bytes.length));
    offset += align(bytes.length);
  }
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(pairs.length),
    ...pairs.flatMap(([key, { type, bytes }]) => [text(key), u32(type), bytes]),
    ...infos,
  ]);
  return Buffer.concat([head, Buffer.alloc(align(head.length) - head.length), ...data]);
}
