// GPUs: a workgroup takes four queries of one head and 64 keys at a time, softmax on the fly (Dao et al. 2022). A lane
// has one key when logits are made, and up to four channels when values are summed; the components of a vector are the
// four queries.
override BIAS: u32 = 0u;
override SPLIT: u32 = 0u; // y gets what `attention_join` joins: workgroups share the keys of a query
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

const LANES = 64u;
var<workgroup> queries: array<vec4f, 256>; // [dim]
var<workgroup> weights: array<vec4f, LANES>; // [key]
var<workgroup> partial: array<vec4f, LANES>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = wg.y * groups.x + wg.x;
  let blocks = (p.tq + 3u) / 4u * p.heads;
  let split = index / blocks; // 0 where nothing is split: the grid may be larger than that
  if (split >= p.splits) { return; } // the same for the whole workgroup, as below
  let i = index % blocks;
  let head = i % p.heads;
  let t0 = i / p.heads * 4u;
  if (t0 >= p.tq) { return; } // the same for the whole workgroup
  let kv_head = head / (p.heads / p.kv_heads);
  // Queries behind the last repeat the last; they are not written.
  let t = min(vec4u(t0, t0 + 1u, t0 + 2u, t0 + 3u), vec4u(p.tq - 1u));
  let at_q = (t * p.heads + head) * p.dim;
  for (var d = lane; d < p.dim; d += LANES) {
    queries[d] = vec4f(q[at_q.x + d], q[at_q.y + d], q[at_q.z + d], q[at_q.w + d]) * p.scale;
  }
  let seen = array(visible(t.x), visible(t.y), visible(t.z), visible(t.w));
  let first = vec4u(seen[0].x, seen[1].x, seen[2].x, seen[3].x);
  let end = vec4u(seen[0].y, seen[1].y, seen[2].y, seen[3].y);
  let newest = end.w; // later queries see later keys
  // this workgroup's share of the keys, in whole runs of 64
  let share = (max(newest, first.x) - first.x + LANES * p.splits - 1u) / (LANES * p.splits) * LANES;
  let start = first.x + split * share;
  let last = min(newest, start + share);

  var sums: array<vec4f, 4>; // [channel lane + 64 c]
  var largest = vec4f(HIDDEN);
  var total = vec4f();
  for (var j0 = start; j0 < last; j0 += LANES) {
    let j = j0 + lane;
    var s = vec4f(HIDDEN);
    workgroupBarrier(); // the queries are there, the weights before have been read
    if (j < last) {
      let b = key_bias(j);
      if (b > HIDDEN) {
        let at = (j * p.kv_heads + kv_head) * p.dim;
        var logit = vec4f();
        for (var d = 0u; d + 4u <= p.dim; d += 4u) {
          let key = key4(at + d);
          logit += queries[d] * key.x + queries[d + 1u] * key.y + queries[d + 2u] * key.z + queries[d + 3u] * key.w;
        }
        for (var d = p.dim / 4u * 4u; d < p.dim; d++) { logit += queries[d] * key1(at + d); }
        if (p.softcap > 0.0) { logit = p.softcap * tanh(clamp(logit / p.softcap, vec4f(-10.0), vec4f(10.0))); }
        logit += b;
        s = select(vec4f(HIDDEN), logit, (vec4u(j) >= first) & (vec4u(j) < end));
      }
    }
    partial[lane] = s;
    for (var n = LANES / 2u; n > 0u; n >>= 1u) {
      workgroupBarrier();
      if (lane < n) { partial[lane] = max(partial[lane], partial[lane + n]); }
    }
    workgroupBarrier();
    let now = max(largest, partial[0]);
    workgroupBarrier(); // all have read it
    let weight = select(vec4f(), exp(s - now), s > vec4f(HIDDEN));
    weights[lane] = weight;
    partial[lane] = weight;
    for (var n = LANES / 2u; n > 0u; n >>= 1u) {
      workgroupBarrier();
      if (lane < n) { partial[lane] += partial[lane + n]; }
    }
    workgroupBarrier();
    let rescale = exp(max(largest - now, vec4f(-87.0)));
    total = total * rescale + partial[0];
    largest = now;
    let count = min(LANES, last - j0);
    for (var c = 0u; c < 4u; c++) {
      let d = lane + LANES * c;
      if (d < p.dim) {
        var sum = sums[c] * rescale;
        for (var n = 0u; n < count; n++) { sum += weights[n] * value1(((j0 + n) * p.kv_heads + kv_head) * p.dim + d); }
        sums[c] = sum;
      }
    }
  }
  if (SPLIT == 1u) {
    for (var r = 0u; r < min(4u, p.tq - t0); r++) {
      let at = ((split * p.tq + t0 + r) * p.heads + head) * (p.dim + 2u);
      for (var c = 0u; c < 4u; c++) {
        let d = lane + LANES * c;
        if (d < p.dim) { y[at + d] = sums[c][r]; }
      }
      if (lane == 0u) {
        y[at + p.dim] = largest[r];
        y[at + p.dim + 1u] = total[r];
      }
    }
    return;
  }
  let scale = select(vec4f(), 1.0 / total, total > vec4f()); // a query that sees no key gets zeros
  for (var c = 0u; c < 4u; c++) {
    let d = lane + LANES * c;
    if (d < p.dim) {
      let value = sums[c] * scale;
      for (var r = 0u; r < min(4u, p.tq - t0); r++) { y[((t0 + r) * p.heads + head) * p.dim + d] = value[r]; }
    }
  }
}
