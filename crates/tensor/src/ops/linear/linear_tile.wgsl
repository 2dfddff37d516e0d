// many rows, on a GPU: a workgroup of 16 × 16 makes 64 rows × 64 columns from tiles in workgroup memory, 16 of k at a
// time; an invocation holds 4 × 4 sums, 16 apart, so that neighbours read neighbouring words
const STRIDE = 65u; // 64 and one, so that writing a column spreads over the memory banks
var<workgroup> xs: array<f32, 1040>; // [16 of k, 64 rows of x]
var<workgroup> ws: array<f32, 1040>; // [16 of k, 64 rows of w]

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = wg.y * 64u;
  let col0 = wg.x * 64u;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var k0 = 0u; k0 < p.k; k0 += 16u) {
    workgroupBarrier(); // the tiles before have been read
    for (var i = lane; i < 1024u; i += 256u) {
      let k = i % 16u;
      let row = row0 + i / 16u;
      var v = 0.0;
      if (row < p.m && k0 + k < p.k) { v = x[row * p.k + k0 + k]; }
      xs[k * STRIDE + i / 16u] = v;
    }
    if (lane < 128u) {
      let half = lane % 2u;
      let col = col0 + lane / 2u;
      var v: array<vec4f, 2>;
      if (col < p.n && k0 + 8u * half < p.k) { v = dequant8(col, k0 / 8u + half); }
      for (var i = 0u; i < 8u; i++) { ws[(8u * half + i) * STRIDE + lane / 2u] = v[i / 4u][i % 4u]; }
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let xa = k * STRIDE + id.y;
      let wa = k * STRIDE + id.x;
      let v = vec4f(ws[wa], ws[wa + 16u], ws[wa + 32u], ws[wa + 48u]);
      s0 += xs[xa] * v;
      s1 += xs[xa + 16u] * v;
      s2 += xs[xa + 32u] * v;
      s3 += xs[xa + 48u] * v;
    }
  }
  let sums = array(s0, s1, s2, s3);
  for (var r = 0u; r < 4u; r++) {
    let row = row0 + id.y + 16u * r;
    for (var c = 0u; c < 4u; c++) {
      let col = col0 + id.x + 16u * c;
      if (row < p.m && col < p.n) {
        var v = sums[r][c];
        if (BIAS == 1u) { v += bias[p.bias_at + col]; }
        put(row, col, v);
      }
    }
  }
}
