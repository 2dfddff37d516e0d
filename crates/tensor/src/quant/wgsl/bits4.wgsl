// 4 bits: eight a word; the low nibbles of its bytes are the first four.
fn quants8(g: u32) -> array<vec4u, 2> {
  let word = vec4u(w[g]);
  return array((word >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u), (word >> vec4u(4u, 12u, 20u, 28u)) & vec4u(15u));
}
