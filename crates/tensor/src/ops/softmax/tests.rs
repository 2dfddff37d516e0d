use crate::testing::{assert_close, cpus, sweep};
use crate::{Result, Tensor};

fn reference(row: &[f64]) -> Vec<f64> {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exp: Vec<f64> = row.iter().map(|v| (v - max).exp()).collect();
    let total: f64 = exp.iter().sum();
    exp.iter().map(|v| v / total).collect()
}

#[test]
fn softmax_equals_the_f64_reference() {
    sweep("softmax", 24, |g, d| {
        let shape = [g.size(1, 20), g.size(1, 400)];
        let (x, wide) = g.scaled(d, &shape, 4.0)?;
        let want: Vec<f64> = wide.chunks(shape[1]).flat_map(reference).collect();
        assert_close("softmax", &x.softmax()?, &shape, &want, 1e-7, 4e-6)
    });
}

#[test]
fn hidden_logits_get_no_weight() -> Result<()> {
    for d in cpus() {
        let x = Tensor::from_f32(d, &[1, 3], &[1000.0, f32::NEG_INFINITY, 1000.0])?;
        assert_eq!(pollster::block_on(x.softmax()?.to_vec())?, [0.5, 0.0, 0.5]);
    }
    Ok(())
}
