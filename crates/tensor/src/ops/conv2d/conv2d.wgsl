// direct convolution: four output channels and four neighbouring columns an invocation, in registers
override WG: u32 = 64u;
override BIAS: u32 = 0u;
struct Params {
  images: u32, groups: u32,
  inputs: u32, outputs: u32, // of one group
  height: u32, width: u32, out_height: u32, out_width: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>; // [images, groups · inputs, height, width]
@group(0) @binding(1) var<storage, read> w: array<f32>; // [groups · outputs, inputs, kernel_height, kernel_width]
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) lane: u32) {
  var i = (wg.y * n.x + wg.x) * WG + lane;
  let columns = (p.out_width + 3u) / 4u;
  let blocks = (p.outputs + 3u) / 4u;
  let ox = i % columns * 4u; i /= columns;
  let oy = i % p.out_height; i /= p.out_height;
  let o = i % blocks * 4u; i /= blocks;
  let group = i % p.groups;
  let image = i / p.groups;
  if (image >= p.images) { return; }
  // Channels behind the last of the group repeat it; they are not written.
  let out0 = group * p.outputs + o;
  let channels = group * p.outputs + min(vec4u(o, o + 1u, o + 2u, o + 3u), vec4u(p.outputs - 1u));
  let taps = p.kernel_height * p.kernel_width;
  let rows = channels * (p.inputs * taps);
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f(); // a channel each, components are columns
  let size = vec2i(i32(p.width), i32(p.height));
  let ix0 = i32(ox * p.stride) - i32(p.padding);
  let iy0 = i32(oy * p.stride) - i32(p.padding);
  let step = i32(p.stride);
  for (var c = 0u; c < p.inputs; c++) {
    let plane = (image * p.groups * p.inputs + group * p.inputs + c) * p.height;
    for (var ky = 0u; ky < p.kernel_height; ky++) {
      let iy = iy0 + i32(ky);
      if (iy < 0 || iy >= size.y) { continue; }
      let line = i32((plane + u32(iy)) * p.width);
      let tap = c * taps + ky * p.kernel_width;
      for (var kx = 0u; kx < p.kernel_width; kx++) {
        let ix = vec4i(ix0 + i32(kx)) + vec4i(0, step, 2 * step, 3 * step);
        let inside = (ix >= vec4i(0)) & (ix < vec4i(size.x));
        let at = line + clamp(ix, vec4i(0), vec4i(size.x - 1));
        let v = select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
        s0 += w[rows.x + tap + kx] * v;
        s1 += w[rows.y + tap + kx] * v;
        s2 += w[rows.z + tap + kx] * v;
        s3 += w[rows.w + tap + kx] * v;
      }
    }
  }
  let sums = array(s0, s1, s2, s3);
  for (var r = 0u; r < min(4u, p.outputs - o); r++) {
    let to = ((image * p.groups * p.outputs + out0 + r) * p.out_height + oy) * p.out_width + ox;
    for (var c = 0u; c < min(4u, p.out_width - ox); c++) {
      var v = sums[r][c];
      if (BIAS == 1u) { v += bias[out0 + r]; }
      y[to + c] = v;
    }
  }
}
