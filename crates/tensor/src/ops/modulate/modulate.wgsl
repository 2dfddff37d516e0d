// x · (1 + scale) + shift, a row of both for each run of rows
override WG: u32 = 64u;
struct Params { len: u32, cols: u32, run: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> shift: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i >= p.len) { return; }
  let at = i / (p.cols * p.run) * p.cols + i % p.cols;
  y[i] = x[i] * (1.0 + scale[at]) + shift[at];
}
