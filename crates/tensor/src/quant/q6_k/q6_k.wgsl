// Q6_K: 256 weights in sixteen sub-blocks of 16: (six bits − 32) · d · int8 scale. Planes: 48 words a block, 32 of low
// nibbles (eight a word, the low ones are the first four weights) and 16 of upper bit pairs (sixteen a word); from
// `w_scales` on, five words a block: sixteen int8 scales, then d as f16.
const BLOCK_LEN = 256u;

// Weights [8j, 8j + 8) of row `row`.
fn dequant8(row: u32, j: u32) -> array<vec4f, 2> {
  let group = row * (p.k / 8u) + j;
  let block = group / 32u;
  let g = group % 32u;
  let word = vec4u(w[48u * block + g]);
  let upper = vec4u(w[48u * block + 32u + g / 2u] >> (16u * (g % 2u)));
  let at = p.w_scales + 5u * block;
  let sub = g / 2u;
  let scale = f32(i32(w[at + sub / 4u] << (24u - 8u * (sub % 4u))) >> 24u) * unpack2x16float(w[at + 4u]).x;
  let low = ((word >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u)) | (((upper >> vec4u(0u, 2u, 4u, 6u)) & vec4u(3u)) << vec4u(4u));
  let high = ((word >> vec4u(4u, 12u, 20u, 28u)) & vec4u(15u)) | (((upper >> vec4u(8u, 10u, 12u, 14u)) & vec4u(3u)) << vec4u(4u));
  return array((vec4f(low) - 32.0) * scale, (vec4f(high) - 32.0) * scale);
}
