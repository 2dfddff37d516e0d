// the k highest of each 1024 values, sorted: a bitonic sort (Batcher 1968) in workgroup memory
override FIRST: u32 = 1u; // x holds values; else pairs of id and value
struct Params { len: u32, k: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>; // k pairs of id and value for each workgroup
@group(1) @binding(0) var<uniform> p: Params;
const SIZE = 1024u;
const FORBIDDEN = -3e38;
var<workgroup> values: array<f32, SIZE>;
var<workgroup> ids: array<u32, SIZE>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  for (var c = lane; c < SIZE; c += 256u) {
    let i = wg.x * SIZE + c;
    var v = FORBIDDEN;
    var id = 0xffffffffu;
    if (i < p.len) {
      if (FIRST == 1u) { v = bitcast<f32>(x[i]); id = i; } else { id = x[2u * i]; v = bitcast<f32>(x[2u * i + 1u]); }
    }
    if (!(v > FORBIDDEN)) { v = FORBIDDEN; } // not a number, too
    values[c] = v;
    ids[c] = id;
  }
  for (var size = 2u; size <= SIZE; size <<= 1u) {
    for (var step = size >> 1u; step > 0u; step >>= 1u) {
      workgroupBarrier();
      for (var c = lane; c < SIZE / 2u; c += 256u) {
        let a = c / step * 2u * step + c % step;
        let b = a + step;
        let va = values[a];
        let vb = values[b];
        let ia = ids[a];
        let ib = ids[b];
        let behind = va < vb || (va == vb && ia > ib); // a belongs behind b
        if (behind == ((a & size) == 0u)) {
          values[a] = vb;
          values[b] = va;
          ids[a] = ib;
          ids[b] = ia;
        }
      }
    }
  }
  workgroupBarrier();
  for (var c = lane; c < p.k; c += 256u) {
    y[2u * (wg.x * p.k + c)] = ids[c];
    y[2u * (wg.x * p.k + c) + 1u] = bitcast<u32>(values[c]);
  }
}
