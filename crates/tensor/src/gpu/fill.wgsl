// zeros
override WG: u32 = 64u;
struct Params { len: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i < p.len) { y[i] = 0u; }
}
