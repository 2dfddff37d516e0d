// rotates channel pairs; one invocation for each channel
override WG: u32 = 64u;
override NEOX: u32 = 0u;
struct Params { len: u32, heads: u32, dim: u32, half: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> cosine: array<f32>;
@group(0) @binding(2) var<storage, read> sine: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i >= p.len) { return; }
  let d = i % p.dim;
  if (d >= 2u * p.half) { // these channels do not rotate
    y[i] = x[i];
    return;
  }
  var pair: u32;
  var second: bool; // of its pair
  var distance: u32;
  if (NEOX == 1u) {
    pair = d % p.half;
    second = d >= p.half;
    distance = p.half;
  } else {
    pair = d / 2u;
    second = d % 2u == 1u;
    distance = 1u;
  }
  let at = i / (p.dim * p.heads) * p.half + pair;
  if (second) {
    y[i] = x[i] * cosine[at] + x[i - distance] * sine[at];
  } else {
    y[i] = x[i] * cosine[at] - x[i + distance] * sine[at];
  }
}
