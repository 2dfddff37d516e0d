// Blocks of 256 in eight groups: f16 scales of scales and of minima, then two bytes a group: scale, minimum.
fn scale_min(g: u32) -> vec2f {
  let at = p.w_scales + 5u * (g / 32u);
  let i = (g % 32u) / 4u;
  let pair = w[at + 1u + i / 2u] >> (16u * (i % 2u));
  return unpack2x16float(w[at]) * vec2f(f32(pair & 255u), f32((pair >> 8u) & 255u));
}
