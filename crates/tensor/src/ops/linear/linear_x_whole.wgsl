// x and gain of a length that is a multiple of eight, by the four numbers: fewer reads, and half the time to compile.
@group(0) @binding(0) var<storage, read> x: array<vec4f>; // [m, k / 4]
@group(0) @binding(3) var<storage, read> gain: array<vec4f>; // [k / 4]

// x[row, 8j ..].
fn x8(row: u32, j: u32) -> array<vec4f, 2> {
  let at = row * (p.k / 4u) + 2u * j;
  return array(x[at], x[at + 1u]);
}

// v · gain[8j ..].
fn gained(v: array<vec4f, 2>, j: u32) -> array<vec4f, 2> {
  return array(v[0] * gain[2u * j], v[1] * gain[2u * j + 1u]);
}
