// [M, K] × [K, N]: ROWS rows (a constant in front of this file) and four columns an invocation, in registers; the columns
// of neighbours are neighbours, so that they load together
override WG: u32 = 64u;
override SPAN: u32 = 16u; // neighbours: those that a software adapter computes as one vector, or a part of a GPU's wave
struct Params { m: u32, n: u32, k: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

fn put(row: u32, col: u32, sums: vec4f) {
  if (row >= p.m) { return; }
  for (var c = 0u; c < 4u; c++) {
    if (col + c * SPAN < p.n) { y[row * p.n + col + c * SPAN] = sums[c]; }
  }
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * groups.x + wg.x) * WG + lane;
  let across = (p.n + 4u * SPAN - 1u) / (4u * SPAN) * SPAN; // invocations that share rows
  let row = i / across * ROWS;
  let place = i % across;
  let col = place / SPAN * 4u * SPAN + place % SPAN;
  if (row >= p.m) { return; }
  // Rows and columns behind the last repeat the last; they are not written.
  let rows = min(vec4u(row) + vec4u(0u, 1u, 2u, 3u), vec4u(p.m - 1u)) * p.k;
  let more = min(vec4u(row) + vec4u(4u, 5u, 6u, 7u), vec4u(p.m - 1u)) * p.k;
  let cols = min(vec4u(col) + SPAN * vec4u(0u, 1u, 2u, 3u), vec4u(p.n - 1u));
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
  for (var k = 0u; k < p.k; k++) {
    let at = k * p.n;
    let v = vec4f(b[at + cols.x], b[at + cols.y], b[at + cols.z], b[at + cols.w]);
    s0 += a[rows.x + k] * v;
    s1 += a[rows.y + k] * v;
    s2 += a[rows.z + k] * v;
    s3 += a[rows.w + k] * v;
    if (ROWS > 4u) {
      s4 += a[more.x + k] * v;
      s5 += a[more.y + k] * v;
      s6 += a[more.z + k] * v;
      s7 += a[more.w + k] * v;
    }
  }
  put(row, col, s0);
  put(row + 1u, col, s1);
  put(row + 2u, col, s2);
  put(row + 3u, col, s3);
  if (ROWS > 4u) {
    put(row + 4u, col, s4);
    put(row + 5u, col, s5);
    put(row + 6u, col, s6);
    put(row + 7u, col, s7);
  }
}
