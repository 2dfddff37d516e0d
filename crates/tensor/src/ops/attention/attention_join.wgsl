// the parts that workgroups made of one query's keys, joined: one invocation for each channel
override WG: u32 = 64u;
struct Params { tq: u32, heads: u32, dim: u32, splits: u32 }
@group(0) @binding(0) var<storage, read> parts: array<f32>; // [splits, tq, heads, dim + 2]: sums, highest logit, total
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [tq, heads, dim]
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  let rows = p.tq * p.heads;
  let row = i / p.dim;
  if (row >= rows) { return; }
  var largest = -3e38;
  for (var s = 0u; s < p.splits; s++) { largest = max(largest, parts[(s * rows + row) * (p.dim + 2u) + p.dim]); }
  var sum = 0.0;
  var total = 0.0;
  for (var s = 0u; s < p.splits; s++) {
    let at = (s * rows + row) * (p.dim + 2u);
    let scale = exp(max(parts[at + p.dim] - largest, -87.0));
    sum += scale * parts[at + i % p.dim];
    total += scale * parts[at + p.dim + 1u];
  }
  y[i] = select(0.0, sum / total, total > 0.0);
}
