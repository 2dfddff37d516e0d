// one workgroup for each row
override WG: u32 = 64u; // a power of two, 256 at most
struct Params { cols: u32, rows: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> partial: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = wg.y * n.x + wg.x; // grids above 65,535 rows fold into y
  if (row >= p.rows) { return; } // the same for the whole workgroup
  let at = row * p.cols;
  var largest = x[at];
  for (var c = lane; c < p.cols; c += WG) { largest = max(largest, x[at + c]); }
  partial[lane] = largest;
  for (var s = WG / 2u; s > 0u; s >>= 1u) {
    workgroupBarrier();
    if (lane < s) { partial[lane] = max(partial[lane], partial[lane + s]); }
  }
  workgroupBarrier();
  largest = partial[0];
  workgroupBarrier(); // all have read it
  var sum = 0.0;
  for (var c = lane; c < p.cols; c += WG) { sum += exp(x[at + c] - largest); }
  partial[lane] = sum;
  for (var s = WG / 2u; s > 0u; s >>= 1u) {
    workgroupBarrier();
    if (lane < s) { partial[lane] += partial[lane + s]; }
  }
  workgroupBarrier();
  let scale = 1.0 / partial[0];
  for (var c = lane; c < p.cols; c += WG) { y[at + c] = exp(x[at + c] - largest) * scale; }
}
