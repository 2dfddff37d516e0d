use crate::testing::{assert_close, sweep};

#[test]
fn depthwise3x3_equals_the_f64_reference() {
    sweep("depthwise3x3", 24, |g, d| {
        let [f, h, w, c] = [g.size(1, 3), g.size(1, 9), g.size(1, 13), g.size(1, 70)];
        let (x, xs) = g.tensor(d, &[f, h, w, c])?;
        let (k, ks) = g.tensor(d, &[c, 3, 3])?;
        let (b, bs) = g.tensor(d, &[c])?;
        let with_bias = g.flip();
        let mut want = Vec::new();
        for p in 0..f * h * w * c {
            let (frame, y, x, ch) = (p / (h * w * c), p / (w * c) % h, p / c % w, p % c);
            let mut sum = if with_bias { bs[ch] } else { 0.0 };
            for q in 0..9 {
                let (iy, ix) = ((y + q / 3).wrapping_sub(1), (x + q % 3).wrapping_sub(1));
                if iy < h && ix < w {
                    sum += xs[((frame * h + iy) * w + ix) * c + ch] * ks[ch * 9 + q];
                }
            }
            want.push(sum);
        }
        assert_close("depthwise3x3", &x.depthwise3x3(&k, with_bias.then_some(&b))?, &[f, h, w, c], &want, 4e-6, 2e-6)
    });
}
