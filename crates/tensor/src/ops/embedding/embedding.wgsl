// rows of a table, eight values an invocation
override WG: u32 = 64u;
struct Params { tokens: u32, vocab: u32, k: u32, w_scales: u32, first: u32, rows: u32 }
@group(0) @binding(0) var<storage, read> w: array<u32>;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  let groups = (p.k + 7u) / 8u;
  let t = i / groups;
  let j = i % groups;
  if (t >= p.tokens) { return; }
  var v: array<vec4f, 2>;
  let id = ids[t];
  let here = id >= p.first && id - p.first < p.rows;
  if (here) { v = dequant8(id - p.first, j); }
  if (!here && (p.first > 0u || id < p.vocab)) { return; } // another part's; the first one zeroes what is nobody's
  let at = t * p.k + 8u * j;
  let count = min(8u, p.k - 8u * j);
  for (var c = 0u; c < count; c++) { y[at + c] = v[c / 4u][c % 4u]; }
}
