// f16: rows padded with zeros to whole groups of eight, two values a word.

// Weights [8j, 8j + 8) of row `row`.
fn dequant8(row: u32, j: u32) -> array<vec4f, 2> {
  let at = 4u * (row * ((p.k + 7u) / 8u) + j);
  return array(
    vec4f(unpack2x16float(w[at]), unpack2x16float(w[at + 1u])),
    vec4f(unpack2x16float(w[at + 2u]), unpack2x16float(w[at + 3u])));
}
