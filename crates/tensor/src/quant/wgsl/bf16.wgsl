// bf16: the upper halves of f32; rows padded with zeros to whole groups of eight, two values a word.

fn widen(a: u32, b: u32) -> vec4f {
  return bitcast<vec4f>(vec4u(a << 16u, a & 0xffff0000u, b << 16u, b & 0xffff0000u));
}

// Weights [8j, 8j + 8) of row `row`.
fn dequant8(row: u32, j: u32) -> array<vec4f, 2> {
  let at = 4u * (row * ((p.k + 7u) / 8u) + j);
  return array(widen(w[at], w[at + 1u]), widen(w[at + 2u], w[at + 3u]));
}
