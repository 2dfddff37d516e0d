// a function of two values; `other` repeats
override WG: u32 = 64u;
override OP: u32 = 0u;
struct Params { len: u32, other_len: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> other: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

fn apply(a: f32, b: f32) -> f32 {
  switch (OP) {
    case 0u: { return a + b; }
    case 1u: { return a - b; }
    case 2u: { return a * b; }
    default: { return a / (1.0 + exp(min(-a, 87.0))) * b; }
  }
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i < p.len) { y[i] = apply(x[i], other[i % p.other_len]); }
}
