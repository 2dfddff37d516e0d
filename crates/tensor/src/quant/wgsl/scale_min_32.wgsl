// Blocks of 32 with an f16 scale and an f16 minimum, in one word.
fn scale_min(g: u32) -> vec2f { return unpack2x16float(w[p.w_scales + g / 4u]); }
