// software adapters: one invocation for each query and head, softmax on the fly (Milakov & Gimelshein 2018). D4, in front
// of this file, is a quarter of the channels it has registers for.
override WG: u32 = 64u;
override BIAS: u32 = 0u;
struct Params {
  tq: u32, tk: u32, heads: u32, kv_heads: u32, dim: u32,
  scale: f32,
  causal: u32, position: u32, window: u32,
  softcap: f32,
  kv_scales: u32, splits: u32,
}
@group(0) @binding(0) var<storage, read> q: array<f32>; // [tq, heads, dim]
@group(0) @binding(3) var<storage, read> bias: array<f32>; // [tk]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
const HIDDEN = -3e38; // the logit of a key that is not seen; −∞ itself is undefined in WGSL

// First and last + 1 of the keys that query `t` sees.
fn visible(t: u32) -> vec2u {
  if (p.causal == 0u) { return vec2u(0u, p.tk); }
  let end = p.position + t + 1u;
  return min(vec2u(end - min(p.window, end), end), vec2u(p.tk));
}

// What is added to the logit of key `j`.
fn key_bias(j: u32) -> f32 {
  if (BIAS == 0u) { return 0.0; }
  return max(bias[j], HIDDEN);
}

fn k4(at: u32, c: u32) -> vec4f {
  let d = 4u * c;
  if (d + 4u <= p.dim) { return key4(at + d); }
  var r: vec4f;
  for (var i = 0u; d + i < p.dim; i++) { r[i] = key1(at + d + i); }
  return r;
}

fn v4(at: u32, c: u32) -> vec4f {
  let d = 4u * c;
  if (d + 4u <= p.dim) { return value4(at + d); }
  var r: vec4f;
  for (var i = 0u; d + i < p.dim; i++) { r[i] = value1(at + d + i); }
  return r;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * groups.x + wg.x) * WG + lane;
  let t = i / p.heads;
  if (t >= p.tq) { return; }
  let kv_head = i % p.heads / (p.heads / p.kv_heads);
  let quarter = (p.dim + 3u) / 4u;
  var query: array<vec4f, D4>;
  for (var d = 0u; d < p.dim; d++) { query[d / 4u][d % 4u] = q[i * p.dim + d] * p.scale; }
  var sums: array<vec4f, D4>;
  var largest = HIDDEN;
  var total = 0.0;
  let keys = visible(t);
  for (var j = keys.x; j < keys.y; j++) {
    let at = (j * p.kv_heads + kv_head) * p.dim;
    let b = key_bias(j);
    if (b <= HIDDEN) { continue; }
    var s = 0.0;
    for (var c = 0u; c < quarter; c++) { s += dot(query[c], k4(at, c)); }
    if (p.softcap > 0.0) { s = p.softcap * tanh(clamp(s / p.softcap, -10.0, 10.0)); }
    s += b;
    if (s > largest) { // what was summed was too large by this factor
      let rescale = exp(max(largest - s, -87.0));
      total *= rescale;
      for (var c = 0u; c < quarter; c++) { sums[c] *= rescale; }
      largest = s;
    }
    let weight = exp(s - largest);
    total += weight;
    for (var c = 0u; c < quarter; c++) { sums[c] += weight * v4(at, c); }
  }
  let scale = select(0.0, 1.0 / total, total > 0.0); // a query that sees no key gets zeros
  for (var d = 0u; d < p.dim; d++) { y[i * p.dim + d] = sums[d / 4u][d % 4u] * scale; }
}
