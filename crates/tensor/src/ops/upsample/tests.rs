use crate::testing::{assert_close, sweep};

#[test]
fn each_pixel_becomes_four() {
    sweep("upsample_nearest2x", 12, |g, d| {
        let [n, c, h, w] = [g.size(1, 2), g.size(1, 5), g.size(1, 9), g.size(1, 40)];
        let (x, xs) = g.tensor(d, &[n, c, h, w])?;
        let want: Vec<f64> = (0..4 * xs.len())
            .map(|p| {
                let (plane, y, x) = (p / (4 * h * w), p / (2 * w) % (2 * h), p % (2 * w));
                xs[(plane * h + y / 2) * w + x / 2]
            })
            .collect();
        assert_close("upsample", &x.upsample_nearest2x()?, &[n, c, 2 * h, 2 * w], &want, 0.0, 0.0)
    });
}
