use super::RopeStyle;
use crate::testing::{assert_close, sweep};

#[test]
fn rope_rotates_the_pairs_of_each_style() {
    sweep("rope", 24, |g, d| {
        let (t, h, pairs, rest) = (g.size(1, 9), g.size(1, 5), g.size(1, 40), g.size(0, 9));
        let dim = 2 * pairs + rest;
        let style = g.pick(&[RopeStyle::Interleaved, RopeStyle::NeoX]);
        let (x, xs) = g.tensor(d, &[t, h, dim])?;
        let (cos, c) = g.tensor(d, &[t, pairs])?;
        let (sin, s) = g.tensor(d, &[t, pairs])?;
        let mut want = xs.clone();
        for row in 0..t * h {
            for i in 0..pairs {
                let (a, b) = match style {
                    RopeStyle::Interleaved => (2 * i, 2 * i + 1),
                    RopeStyle::NeoX => (i, i + pairs),
                };
                let (c, s) = (c[row / h * pairs + i], s[row / h * pairs + i]);
                let (a, b) = (row * dim + a, row * dim + b);
                (want[a], want[b]) = (xs[a] * c - xs[b] * s, xs[a] * s + xs[b] * c);
            }
        }
        assert_close("rope", &x.rope(&cos, &sin, style)?, &[t, h, dim], &want, 2e-6, 2e-6)
    });
}
