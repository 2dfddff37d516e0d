// Blocks of 256 in eight groups: eight int8 scales, then the f16 scale of them all.
fn scale_min(g: u32) -> vec2f {
  let at = p.w_scales + 3u * (g / 32u);
  let i = (g % 32u) / 4u;
  let scale = f32(i32(w[at + i / 4u] << (24u - 8u * (i % 4u))) >> 24u);
  return vec2f(scale * unpack2x16float(w[at + 2u]).x, 0.0);
}
