// 5 bits: 32 weights are four words of nibbles (the low ones of a word's bytes are its first four) and one of upper bits.
fn quants8(g: u32) -> array<vec4u, 2> {
  let at = 5u * (g / 4u);
  let i = g % 4u;
  let word = vec4u(w[at + i]);
  let upper = vec4u(w[at + 4u] >> (8u * i));
  return array(
    ((word >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u)) | (((upper >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u)) << vec4u(4u)),
    ((word >> vec4u(4u, 12u, 20u, 28u)) & vec4u(15u)) | (((upper >> vec4u(4u, 5u, 6u, 7u)) & vec4u(1u)) << vec4u(4u)));
}
