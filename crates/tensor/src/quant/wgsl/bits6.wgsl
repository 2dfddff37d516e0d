// 6 bits: 32 weights are four words of nibbles (the low ones of a word's bytes are its first four) and two of upper pairs.
fn quants8(g: u32) -> array<vec4u, 2> {
  let at = 6u * (g / 4u);
  let i = g % 4u;
  let word = vec4u(w[at + i]);
  let upper = vec4u(w[at + 4u + i / 2u] >> (16u * (i % 2u)));
  return array(
    ((word >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u)) | (((upper >> vec4u(0u, 2u, 4u, 6u)) & vec4u(3u)) << vec4u(4u)),
    ((word >> vec4u(4u, 12u, 20u, 28u)) & vec4u(15u)) | (((upper >> vec4u(8u, 10u, 12u, 14u)) & vec4u(3u)) << vec4u(4u)));
}
