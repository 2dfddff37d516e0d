// Q4_0: 32 weights, nibbles minus 8, share an f16 scale. Planes: eight nibbles a word (the low ones are the first
// four weights); from `w_scales` on, two scales a word.
const BLOCK_LEN = 32u;

// Weights [8j, 8j + 8) of row `row`.
fn dequant8(row: u32, j: u32) -> array<vec4f, 2> {
  let group = row * (p.k / 8u) + j;
  let block = group / 4u;
  let word = vec4u(w[group]);
  let d = unpack2x16float(w[p.w_scales + block / 2u])[block % 2u];
  let low = vec4f((word >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u)) - 8.0;
  let high = vec4f((word >> vec4u(4u, 12u, 20u, 28u)) & vec4u(15u)) - 8.0;
  return array(low * d, high * d);
}
