// a workgroup takes one head of one token: of a query, a key or a value
override WG: u32 = 64u; // a power of two, 256 at most
override NORM: u32 = 0u;
override CACHE: u32 = 0u; // 0: f32, 1: f16, 2: q8_0, see `gpu/cache.rs`
override ROPE: u32 = 0u; // 0: none, 1: pairs (2i, 2i + 1), 2: pairs (i, i + half)
struct Params { tokens: u32, heads: u32, kv_heads: u32, dim: u32, half: u32, row: u32, kv_scales: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>; // [tokens, heads + 2 kv_heads, dim]
@group(0) @binding(1) var<storage, read> cosine: array<f32>; // [tokens, half]
@group(0) @binding(2) var<storage, read> sine: array<f32>;
@group(0) @binding(3) var<storage, read> q_gain: array<f32>; // [dim]
@group(0) @binding(4) var<storage, read> k_gain: array<f32>;
@group(0) @binding(5) var<storage, read_write> keys: array<u32>; // [.., kv_heads, dim], from row `row` on
@group(0) @binding(6) var<storage, read_write> values: array<u32>;
@group(0) @binding(7) var<storage, read_write> q: array<f32>; // [tokens, heads, dim]
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> head: array<f32, 256>;
var<workgroup> partial: array<f32, WG>;

// Channel d of the head, rotated by the angle of token `t`.
fn rotated(t: u32, d: u32) -> f32 {
  if (ROPE == 0u || d >= 2u * p.half) { return head[d]; }
  if (ROPE == 1u) {
    let at = t * p.half + d / 2u;
    if (d % 2u == 1u) { return head[d - 1u] * sine[at] + head[d] * cosine[at]; }
    return head[d] * cosine[at] - head[d + 1u] * sine[at];
  }
  let at = t * p.half + d % p.half;
  if (d >= p.half) { return head[d - p.half] * sine[at] + head[d] * cosine[at]; }
  return head[d] * cosine[at] - head[d + p.half] * sine[at];
}

// What goes into the cache: keys are rotated, values are not.
fn cached(is_value: bool, t: u32, d: u32) -> f32 {
  if (is_value) { return head[d]; }
  return rotated(t, d);
}

fn put(is_value: bool, at: u32, word: u32) {
  if (is_value) { values[at] = word; } else { keys[at] = word; }
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * n.x + wg.x;
  let all = p.heads + 2u * p.kv_heads;
  let t = index / all;
  let h = index % all;
  if (t >= p.tokens) { return; } // the same for the whole workgroup, like all that depends on `h`
  let is_query = h < p.heads;
  let is_value = h >= p.heads + p.kv_heads;
  let first = index * p.dim;
  var squares = 0.0;
  for (var d = lane; d < p.dim; d += WG) {
    let v = x[first + d];
    head[d] = v;
    squares += v * v;
  }
  if (NORM == 1u) {
    partial[lane] = squares;
    for (var s = WG / 2u; s > 0u; s >>= 1u) {
      workgroupBarrier();
      if (lane < s) { partial[lane] += partial[lane + s]; }
    }
    workgroupBarrier();
    if (!is_value) {
      let scale = 1.0 / sqrt(partial[0] / f32(p.dim) + p.eps);
      for (var d = lane; d < p.dim; d += WG) { head[d] *= scale * select(k_gain[d], q_gain[d], is_query); }
    }
  }
  workgroupBarrier();
  if (is_query) {
    for (var d = lane; d < p.dim; d += WG) { q[(t * p.heads + h) * p.dim + d] = rotated(t, d); }
    return;
  }
  let cache_head = h - p.heads - select(0u, p.kv_heads, is_value);
  let at = ((p.row + t) * p.kv_heads + cache_head) * p.dim; // first value of the head in its cache
  if (CACHE == 0u) {
    for (var d = lane; d < p.dim; d += WG) { put(is_value, at + d, bitcast<u32>(cached(is_value, t, d))); }
  } else if (CACHE == 1u) {
    for (var d = 2u * lane; d < p.dim; d += 2u * WG) {
      put(is_value, (at + d) / 2u, pack2x16float(vec2f(cached(is_value, t, d), cached(is_value, t, d + 1u))));
    }
  } else {
    for (var first = 32u * lane; first < p.dim; first += 32u * WG) {
      var largest = 0.0;
      for (var d = first; d < first + 32u; d++) { largest = max(largest, abs(cached(is_value, t, d))); }
      let step = largest / 127.0;
      let inverse = select(0.0, 1.0 / step, step > 0.0);
      for (var d = first; d < first + 32u; d += 4u) {
        let four = vec4f(cached(is_value, t, d), cached(is_value, t, d + 1u), cached(is_value, t, d + 2u), cached(is_value, t, d + 3u));
        let bytes = (bitcast<vec4u>(vec4i(round(four * inverse))) & vec4u(255u)) << vec4u(0u, 8u, 16u, 24u);
        put(is_value, (at + d) / 4u, bytes.x | bytes.y | bytes.z | bytes.w);
      }
      put(is_value, p.kv_scales + (at + first) / 32u, bitcast<u32>(unpack2x16float(pack2x16float(vec2f(step, 0.0))).x));
    }
  }
}
