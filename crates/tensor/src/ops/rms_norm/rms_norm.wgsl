// one workgroup for each row
override WG: u32 = 64u; // a power of two, 256 at most
override WEIGHT: u32 = 1u;
override ADD: u32 = 0u; // `residual` is added
struct Params { cols: u32, rows: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> residual: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> partial: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * n.x + wg.x; // grids above 65,535 rows fold into y
  if (row >= p.rows) { return; } // the same for the whole workgroup
  let at = row * p.cols;
  var sum = 0.0;
  for (var c = lane; c < p.cols; c += WG) { let v = x[at + c]; sum += v * v; }
  partial[lane] = sum;
  for (var s = WG / 2u; s > 0u; s >>= 1u) {
    workgroupBarrier();
    if (lane < s) { partial[lane] += partial[lane + s]; }
  }
  workgroupBarrier();
  let scale = 1.0 / sqrt(partial[0] / f32(p.cols) + p.eps);
  for (var c = lane; c < p.cols; c += WG) {
    var v = x[at + c] * scale;
    if (WEIGHT == 1u) { v *= weight[c]; }
    if (ADD == 1u) { v += residual[at + c]; }
    y[at + c] = v;
  }
}
