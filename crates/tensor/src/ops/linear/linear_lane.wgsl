// software adapters, where workgroup memory is many times slower than registers: an invocation takes ROWS rows of x (a
// constant in front of this file) and four of w
override WG: u32 = 64u;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = (wg.y * groups.x + wg.x) * WG + lane;
  let blocks = block_count();
  let row = index / blocks * ROWS;
  let i = index % blocks;
  if (row >= p.m) { return; }
  let cols = block_rows(i);
  var sums: array<vec4f, ROWS>;
  var squares: array<f32, ROWS>;
  for (var j = 0u; j < (p.k + 7u) / 8u; j++) {
    let w0 = dequant8(cols.x, j);
    let w1 = dequant8(cols.y, j);
    let w2 = dequant8(cols.z, j);
    let w3 = dequant8(cols.w, j);
    for (var r = 0u; r < ROWS; r++) {
      var v = x8(min(row + r, p.m - 1u), j);
      if (NORM == 1u) {
        squares[r] += dot8(v, v);
        v = gained(v, j);
      }
      sums[r] += vec4f(dot8(v, w0), dot8(v, w1), dot8(v, w2), dot8(v, w3));
    }
  }
  for (var r = 0u; r < min(ROWS, p.m - row); r++) {
    if (NORM == 1u) { sums[r] *= norm_scale(squares[r]); }
    for (var c = 0u; c < 4u; c++) { put_block(row + r, i, c, sums[r]); }
  }
}
