// Q8_0: 32 weights share an f16 scale. Planes: four int8 a word; from `w_scales` on, two scales a word.
const BLOCK_LEN = 32u;

fn bytes(word: u32) -> vec4f { // int8, lowest byte first
  return vec4f(vec4i(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

// Weights [8j, 8j + 8) of row `row`.
fn dequant8(row: u32, j: u32) -> array<vec4f, 2> {
  let group = row * (p.k / 8u) + j;
  let block = group / 4u;
  let d = unpack2x16float(w[p.w_scales + block / 2u])[block % 2u];
  return array(bytes(w[2u * group]) * d, bytes(w[2u * group + 1u]) * d);
}
