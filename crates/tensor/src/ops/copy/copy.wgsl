// y[strided] = x[strided], word by word; dimensions from the outermost on
override WG: u32 = 64u;
struct Params {
  len: u32, rank: u32, x_offset: u32, y_offset: u32,
  dims_0: vec4u, dims_4: vec4u, x_strides_0: vec4u, x_strides_4: vec4u, y_strides_0: vec4u, y_strides_4: vec4u,
}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * n.x + wg.x) * WG + lane;
  if (i >= p.len) { return; }
  var rest = i;
  var from_ = p.x_offset;
  var to = p.y_offset;
  for (var d = p.rank; d > 0u; d--) { // from the innermost on
    let low = d <= 4u;
    let c = (d - 1u) % 4u;
    let len = select(p.dims_4[c], p.dims_0[c], low);
    let at = rest % len;
    rest /= len;
    from_ += at * select(p.x_strides_4[c], p.x_strides_0[c], low);
    to += at * select(p.y_strides_4[c], p.y_strides_0[c], low);
  }
  y[to] = x[from_];
}
