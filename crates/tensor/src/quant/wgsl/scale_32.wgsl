// Blocks of 32 with an f16 scale, two a word.
fn scale_min(g: u32) -> vec2f {
  let block = g / 4u;
  return vec2f(unpack2x16float(w[p.w_scales + block / 2u])[block % 2u], 0.0);
}
