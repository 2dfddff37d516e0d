// few rows, on a GPU: a workgroup takes one row of x and four of w, its lanes share the sum over k
override WG: u32 = 64u; // a power of two, 256 at most
override BIAS: u32 = 0u;
struct Params { m: u32, n: u32, k: u32, w_scales: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<u32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> partial: array<vec4f, WG>;

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
  let i = wg.y * groups.x + wg.x;
  let blocks = (p.n + 3u) / 4u;
  let row = i / blocks;
  let col = i % blocks * 4u;
  if (row >= p.m) { return; } // the same for the whole workgroup
  let cols = min(vec4u(col, col + 1u, col + 2u, col + 3u), vec4u(p.n - 1u));
  var sum = vec4f();
  for (var j = lane; j < (p.k + 7u) / 8u; j += WG) {
    let v = x8(row, j);
    sum += vec4f(dot8(v, dequant8(cols.x, j)), dot8(v, dequant8(cols.y, j)), dot8(v, dequant8(cols.z, j)),
      dot8(v, dequant8(cols.w, j)));
  }
  partial[lane] = sum;
  for (var s = WG / 2u; s > 0u; s >>= 1u) {
    workgroupBarrier();
    if (lane < s) { partial[lane] += partial[lane + s]; }
  }
  workgroupBarrier();
  if (lane < 4u && col + lane < p.n) {
    var v = partial[0][lane];
    if (BIAS == 1u) { v += bias[col + lane]; }
    y[row * p.n + col + lane] = v;
  }
}
