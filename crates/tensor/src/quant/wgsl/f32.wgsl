// f32: rows as in the file, no scales. Rows need not be whole groups of eight: what lies behind the row reads as zero.

// Weights [8j, 8j + 8) of row `row`.
fn dequant8(row: u32, j: u32) -> array<vec4f, 2> {
  let k = 8u * j;
  let at = row * p.k + k;
  var v: array<vec4f, 2>;
  if (k + 8u <= p.k) {
    v[0] = bitcast<vec4f>(vec4u(w[at], w[at + 1u], w[at + 2u], w[at + 3u]));
    v[1] = bitcast<vec4f>(vec4u(w[at + 4u], w[at + 5u], w[at + 6u], w[at + 7u]));
    return v;
  }
  for (var i = 0u; i < 8u && k + i < p.k; i++) { v[i / 4u][i % 4u] = bitcast<f32>(w[at + i]); }
  return v;
}
