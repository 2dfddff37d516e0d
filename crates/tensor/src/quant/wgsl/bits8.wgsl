// 8 bits: four a word.
fn quants8(g: u32) -> array<vec4u, 2> {
  let shifts = vec4u(0u, 8u, 16u, 24u);
  return array((vec4u(w[2u * g]) >> shifts) & vec4u(255u), (vec4u(w[2u * g + 1u]) >> shifts) & vec4u(255u));
}
