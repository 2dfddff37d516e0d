// Q4_K: 256 weights in eight sub-blocks of 32: nibble · d · scale − dmin · minimum. Planes: eight nibbles a word (the
// low ones are the first four weights); from `w_scales` on, five words a block: (d, dmin) as f16, then scale and
// minimum of each sub-block as bytes.
const BLOCK_LEN = 256u;

// Weights [8j, 8j + 8) of row `row`.
fn dequant8(row: u32, j: u32) -> array<vec4f, 2> {
  let group = row * (p.k / 8u) + j;
  let at = p.w_scales + 5u * (group / 32u);
  let sub = (group % 32u) / 4u;
  let d = unpack2x16float(w[at]);
  let pair = w[at + 1u + sub / 2u] >> (16u * (sub % 2u));
  let scale = d.x * f32(pair & 255u);
  let minimum = d.y * f32((pair >> 8u) & 255u);
  let word = vec4u(w[group]);
  let low = vec4f((word >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u));
  let high = vec4f((word >> vec4u(4u, 12u, 20u, 28u)) & vec4u(15u));
  return array(low * scale - minimum, high * scale - minimum);
}
