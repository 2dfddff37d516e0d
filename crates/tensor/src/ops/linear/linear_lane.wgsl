// software adapters, where workgroup memory is many times slower than registers: an invocation takes ROWS rows of x (a
// constant in front of this file) and four of w
override WG: u32 = 64u;
override BIAS: u32 = 0u;
struct Params { m: u32, n: u32, k: u32, w_scales: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<u32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

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

fn dot8(a: array<vec4f, 2>, b: array<vec4f, 2>) -> f32 { return dot(a[0], b[0]) + dot(a[1], b[1]); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * groups.x + wg.x) * WG + lane;
  let blocks = (p.n + 3u) / 4u;
  let row = i / blocks * ROWS;
  let col = i % blocks * 4u;
  if (row >= p.m) { return; }
  let cols = min(vec4u(col, col + 1u, col + 2u, col + 3u), vec4u(p.n - 1u));
  var sums: array<vec4f, ROWS>;
  for (var j = 0u; j < (p.k + 7u) / 8u; j++) {
    let w0 = dequant8(cols.x, j);
    let w1 = dequant8(cols.y, j);
    let w2 = dequant8(cols.z, j);
    let w3 = dequant8(cols.w, j);
    for (var r = 0u; r < ROWS; r++) {
      let v = x8(min(row + r, p.m - 1u), j);
      sums[r] += vec4f(dot8(v, w0), dot8(v, w1), dot8(v, w2), dot8(v, w3));
    }
  }
  for (var r = 0u; r < min(ROWS, p.m - row); r++) {
    for (var c = 0u; c < min(4u, p.n - col); c++) {
      var v = sums[r][c];
      if (BIAS == 1u) { v += bias[col + c]; }
      y[(row + r) * p.n + col + c] = v;
    }
  }
}
