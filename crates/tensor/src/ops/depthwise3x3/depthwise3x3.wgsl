// depthwise 3×3, channels last: one invocation for each output
override WG: u32 = 64u;
override BIAS: u32 = 0u;
struct Params { len: u32, height: u32, width: u32, channels: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>; // [F, height, width, channels]
@group(0) @binding(1) var<storage, read> w: array<f32>; // [channels, 3, 3]
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i >= p.len) { return; }
  let c = i % p.channels;
  let column = i / p.channels % p.width;
  let line = i / (p.channels * p.width);
  let row = line % p.height;
  var sum = 0.0;
  if (BIAS == 1u) { sum = bias[c]; }
  for (var ky = 0u; ky < 3u; ky++) {
    if (row + ky < 1u || row + ky > p.height) { continue; }
    for (var kx = 0u; kx < 3u; kx++) {
      if (column + kx < 1u || column + kx > p.width) { continue; }
      sum += x[((line + ky - 1u) * p.width + column + kx - 1u) * p.channels + c] * w[c * 9u + ky * 3u + kx];
    }
  }
  y[i] = sum;
}
