// x and gain of any length.
@group(0) @binding(0) var<storage, read> x: array<f32>; // [m, k]
@group(0) @binding(3) var<storage, read> gain: array<f32>; // [k]

// x[row, 8j ..], zero behind the row.
fn x8(row: u32, j: u32) -> array<vec4f, 2> {
  let k = 8u * j;
  let at = row * p.k + k;
  var v: array<vec4f, 2>;
  if (k + 8u <= p.k) {
    v[0] = vec4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
    v[1] = vec4f(x[at + 4u], x[at + 5u], x[at + 6u], x[at + 7u]);
    return v;
  }
  for (var i = 0u; i < 8u && k + i < p.k; i++) { v[i / 4u][i % 4u] = x[at + i]; }
  return v;
}

// v · gain[8j ..].
fn gained(v: array<vec4f, 2>, j: u32) -> array<vec4f, 2> {
  let k = 8u * j;
  var g: array<vec4f, 2>;
  if (k + 8u <= p.k) {
    g[0] = vec4f(gain[k], gain[k + 1u], gain[k + 2u], gain[k + 3u]);
    g[1] = vec4f(gain[k + 4u], gain[k + 5u], gain[k + 6u], gain[k + 7u]);
  } else {
    for (var i = 0u; i < 8u && k + i < p.k; i++) { g[i / 4u][i % 4u] = gain[k + i]; }
  }
  return array(v[0] * g[0], v[1] * g[1]);
}
