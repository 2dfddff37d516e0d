// software adapters, where workgroup memory is many times slower than registers: an invocation takes ROWS rows of x (a
// constant in front of this file) and four of w. Sums are single variables: indexed ones would lie in memory.
override WG: u32 = 64u;

// What eight columns of a row of x add to its four sums.
fn added(row: u32, j: u32, w0: array<vec4f, 2>, w1: array<vec4f, 2>, w2: array<vec4f, 2>, w3: array<vec4f, 2>) -> vec4f {
  let v = x8(min(row, p.m - 1u), j);
  return vec4f(dot8(v, w0), dot8(v, w1), dot8(v, w2), dot8(v, w3));
}

fn put_row(row: u32, i: u32, sums: vec4f) {
  if (row >= p.m) { return; }
  var turned = sums; // the column's sum comes first: an index would be slow to compile
  for (var c = 0u; c < 4u; c++) {
    put_block(row, i, c, turned.x, turned.z);
    turned = turned.yzwx;
  }
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * groups.x + wg.x) * WG + lane;
  let blocks = block_count();
  let row = index / blocks * ROWS;
  let i = index % blocks;
  if (row >= p.m) { return; }
  let cols = block_rows(i);
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
  var squares = 0.0;
  for (var j = 0u; j < (p.k + 7u) / 8u; j++) {
    let w0 = dequant8(cols.x, j);
    let w1 = dequant8(cols.y, j);
    let w2 = dequant8(cols.z, j);
    let w3 = dequant8(cols.w, j);
    if (NORM == 1u) { // with one row only
      let raw = x8(row, j);
      squares += dot8(raw, raw);
      let v = gained(raw, j);
      s0 += vec4f(dot8(v, w0), dot8(v, w1), dot8(v, w2), dot8(v, w3));
    } else {
      s0 += added(row, j, w0, w1, w2, w3);
    }
    if (ROWS > 1u) {
      s1 += added(row + 1u, j, w0, w1, w2, w3);
      s2 += added(row + 2u, j, w0, w1, w2, w3);
      s3 += added(row + 3u, j, w0, w1, w2, w3);
    }
    if (ROWS > 4u) {
      s4 += added(row + 4u, j, w0, w1, w2, w3);
      s5 += added(row + 5u, j, w0, w1, w2, w3);
      s6 += added(row + 6u, j, w0, w1, w2, w3);
      s7 += added(row + 7u, j, w0, w1, w2, w3);
    }
  }
  if (NORM == 1u) { s0 *= norm_scale(squares); }
  if (ROWS == 1u) { put_row(row, i, s0); return; }
  // a loop, for eight copies are what compiling takes long for
  let sums = array(s0, s1, s2, s3, s4, s5, s6, s7);
  for (var r = 0u; r < ROWS; r++) { put_row(row + r, i, sums[r]); }
}
