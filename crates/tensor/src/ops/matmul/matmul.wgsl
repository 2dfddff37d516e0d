// [M, K] × [K, N]: four rows and four columns an invocation, in registers
override WG: u32 = 64u;
struct Params { m: u32, n: u32, k: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * groups.x + wg.x) * WG + lane;
  let blocks = (p.n + 3u) / 4u;
  let row = i / blocks * 4u;
  let col = i % blocks * 4u;
  if (row >= p.m) { return; }
  // Rows and columns behind the last repeat the last; they are not written.
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(p.m - 1u)) * p.k;
  let cols = min(vec4u(col, col + 1u, col + 2u, col + 3u), vec4u(p.n - 1u));
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var k = 0u; k < p.k; k++) {
    let at = k * p.n;
    let v = vec4f(b[at + cols.x], b[at + cols.y], b[at + cols.z], b[at + cols.w]);
    s0 += a[rows.x + k] * v;
    s1 += a[rows.y + k] * v;
    s2 += a[rows.z + k] * v;
    s3 += a[rows.w + k] * v;
  }
  let sums = array(s0, s1, s2, s3);
  for (var r = 0u; r < min(4u, p.m - row); r++) {
    for (var c = 0u; c < min(4u, p.n - col); c++) { y[(row + r) * p.n + col + c] = sums[r][c]; }
  }
}
