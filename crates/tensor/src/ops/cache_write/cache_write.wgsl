// rounds values into a cache: an invocation takes 32 of them
override WG: u32 = 64u;
override Q8: u32 = 0u; // int8 with scales; else halves
struct Params { len: u32, first: u32, scales: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>; // from value `first` on
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let start = 32u * ((wg.y * n.x + wg.x) * WG + lane);
  if (start >= p.len) { return; }
  if (Q8 == 0u) {
    for (var i = start; i < min(start + 32u, p.len); i += 2u) {
      y[(p.first + i) / 2u] = pack2x16float(vec2f(x[i], x[i + 1u]));
    }
    return;
  }
  var largest = 0.0;
  for (var i = start; i < start + 32u; i++) { largest = max(largest, abs(x[i])); }
  let step = largest / 127.0;
  let inverse = select(0.0, 1.0 / step, step > 0.0);
  for (var i = start; i < start + 32u; i += 4u) {
    let q = vec4i(round(vec4f(x[i], x[i + 1u], x[i + 2u], x[i + 3u]) * inverse));
    let bytes = (bitcast<vec4u>(q) & vec4u(255u)) << vec4u(0u, 8u, 16u, 24u);
    y[(p.first + i) / 4u] = bytes.x | bytes.y | bytes.z | bytes.w;
  }
  y[p.scales + (p.first + start) / 32u] = bitcast<u32>(unpack2x16float(pack2x16float(vec2f(step, 0.0))).x);
}
