// rows of gates, then ups: y = act(gate) · up
override WG: u32 = 64u;
override GELU: u32 = 0u;
struct Params { len: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// The exponent and the argument of tanh are bounded: WGSL leaves an overflow undefined.
fn activate(v: f32) -> f32 {
  if (GELU == 0u) { return v / (1.0 + exp(min(-v, 87.0))); }
  return 0.5 * v * (1.0 + tanh(clamp(0.7978845608 * (v + 0.044715 * v * v * v), -10.0, 10.0)));
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i >= p.len) { return; }
  let at = i / p.cols * 2u * p.cols + i % p.cols;
  y[i] = activate(x[at]) * x[at + p.cols];
}
