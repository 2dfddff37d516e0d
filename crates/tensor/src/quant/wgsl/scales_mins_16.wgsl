// Blocks of 256 in sixteen groups: f16 scales of scales and of minima, then a byte a group: scale below, minimum above.
fn scale_min(g: u32) -> vec2f {
  let at = p.w_scales + 5u * (g / 32u);
  let i = (g % 32u) / 2u;
  let pair = w[at + 1u + i / 4u] >> (8u * (i % 4u));
  return unpack2x16float(w[at]) * vec2f(f32(pair & 15u), f32((pair >> 4u) & 15u));
}
