// edits of single tokens, then the mask
override WG: u32 = 64u;
override MASK: u32 = 0u;
struct Params { len: u32, edits: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> edits: array<u32>; // ids, then repetition penalties, then what is added
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
const FORBIDDEN = -3e38;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i >= p.len) { return; }
  var v = x[i];
  var low = 0u;
  var high = p.edits;
  while (low < high) { // the first edit whose id is not below i
    let middle = (low + high) / 2u;
    if (edits[middle] < i) { low = middle + 1u; } else { high = middle; }
  }
  if (low < p.edits && edits[low] == i) {
    let repetition = bitcast<f32>(edits[p.edits + low]);
    v = select(v * repetition, v / repetition, v > 0.0) + bitcast<f32>(edits[2u * p.edits + low]);
  }
  if (MASK == 1u && ((mask[i / 32u] >> (i % 32u)) & 1u) == 0u) { v = FORBIDDEN; }
  y[i] = v;
}
