// 3 bits: 32 weights are two words of lower pairs, sixteen each, and one of upper bits.
fn quants8(g: u32) -> array<vec4u, 2> {
  let at = 3u * (g / 4u);
  let i = g % 4u;
  let pairs = vec4u(w[at + i / 2u] >> (16u * (i % 2u)));
  let upper = vec4u(w[at + 2u] >> (8u * i));
  return array(
    ((pairs >> vec4u(0u, 2u, 4u, 6u)) & vec4u(3u)) | (((upper >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u)) << vec4u(2u)),
    ((pairs >> vec4u(8u, 10u, 12u, 14u)) & vec4u(3u)) | (((upper >> vec4u(4u, 5u, 6u, 7u)) & vec4u(1u)) << vec4u(2u)));
}
