// 2 bits: sixteen a word.
fn quants8(g: u32) -> array<vec4u, 2> {
  let word = vec4u(w[g / 2u] >> (16u * (g % 2u)));
  return array((word >> vec4u(0u, 2u, 4u, 6u)) & vec4u(3u), (word >> vec4u(8u, 10u, 12u, 14u)) & vec4u(3u));
}
