use crate::testing::{assert_close, sweep};

#[test]
fn add_gated_equals_the_f64_reference() {
    sweep("add_gated", 24, |g, d| {
        let (frames, run, c) = (g.size(1, 5), g.size(1, 17), g.size(1, 300));
        let (x, xs) = g.tensor(d, &[frames * run, c])?;
        let (branch, branches) = g.tensor(d, &[frames * run, c])?;
        let (gate, gates) = g.tensor(d, &[frames, c])?;
        let want: Vec<f64> = (0..xs.len()).map(|i| xs[i] + branches[i] * gates[i / c / run * c + i % c]).collect();
        assert_close("add_gated", &x.add_gated(&branch, &gate)?, &[frames * run, c], &want, 1e-6, 1e-6)
    });
}
