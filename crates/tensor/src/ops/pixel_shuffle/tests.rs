use crate::testing::{assert_close, sweep};

#[test]
fn pixel_shuffle_follows_pytorch_and_unshuffle_inverts_it() {
    sweep("pixel_shuffle", 16, |g, d| {
        let [n, c, h, w, r] = [g.size(1, 2), g.size(1, 4), g.size(1, 7), g.size(1, 9), g.size(1, 3)];
        let (x, xs) = g.tensor(d, &[n, c * r * r, h, w])?;
        let mut want = Vec::new();
        for p in 0..n * c * r * h * r * w {
            let (plane, y, x) = (p / (r * h * r * w), p / (r * w) % (r * h), p % (r * w));
            let channel = plane * r * r + y % r * r + x % r;
            want.push(xs[(channel * h + y / r) * w + x / r]);
        }
        let y = x.pixel_shuffle(r)?;
        assert_close("pixel_shuffle", &y, &[n, c, r * h, r * w], &want, 0.0, 0.0)?;
        assert_close("pixel_unshuffle", &y.pixel_unshuffle(r)?, &[n, c * r * r, h, w], &xs, 0.0, 0.0)
    });
}
