// the highest of many values, in two launches: each workgroup finds one, then one workgroup the best of those
override WG: u32 = 64u; // a power of two, 256 at most
override FIRST: u32 = 1u; // x holds values; else pairs of id and value
struct Params { len: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>; // id and value of each workgroup
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> best: array<f32, WG>;
var<workgroup> ids: array<u32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  var top = -3.4e38;
  var id = 0xffffffffu;
  for (var i = wg.x * WG + lane; i < p.len; i += n.x * WG) {
    var v: f32;
    var token = i;
    if (FIRST == 1u) { v = bitcast<f32>(x[i]); } else { token = x[2u * i]; v = bitcast<f32>(x[2u * i + 1u]); }
    if (v > top || (v == top && token < id)) { top = v; id = token; }
  }
  best[lane] = top;
  ids[lane] = id;
  for (var s = WG / 2u; s > 0u; s >>= 1u) {
    workgroupBarrier();
    if (lane < s) {
      let v = best[lane + s];
      let token = ids[lane + s];
      if (v > best[lane] || (v == best[lane] && token < ids[lane])) { best[lane] = v; ids[lane] = token; }
    }
  }
  if (lane == 0u) {
    if (FIRST == 0u && ids[0] == 0xffffffffu) { ids[0] = 0u; } // nothing was a number
    y[2u * wg.x] = ids[0];
    y[2u * wg.x + 1u] = bitcast<u32>(best[0]);
  }
}
