use crate::testing::{assert_close, cpus, sweep};
use crate::{Result, Tensor, TensorError};

fn reference(x: &[f64], w: &[f64], eps: f64) -> Vec<f64> {
    let rms = (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64 + eps).sqrt();
    x.iter().zip(w).map(|(v, w)| v / rms * w).collect()
}

#[test]
fn rms_norm_equals_the_f64_reference() {
    sweep("rms_norm", 24, |g, d| {
        let shape = [g.size(1, 4), g.size(1, 9), g.size(1, 700)];
        let (x, xs) = g.tensor(d, &shape)?;
        let (w, ws) = g.tensor(d, &[shape[2]])?;
        let want: Vec<f64> = xs.chunks(shape[2]).flat_map(|x| reference(x, &ws, 1e-5)).collect();
        assert_close("rms_norm", &x.rms_norm(Some(&w), 1e-5)?, &shape, &want, 1e-6, 4e-6)?;
        let plain: Vec<f64> = xs.chunks(shape[2]).flat_map(|x| reference(x, &vec![1.0; x.len()], 1e-5)).collect();
        assert_close("rms_norm", &x.rms_norm(None, 1e-5)?, &shape, &plain, 1e-6, 4e-6)?;
        let (r, rs) = g.tensor(d, &shape)?;
        let sum: Vec<f64> = want.iter().zip(&rs).map(|(a, b)| a + b).collect();
        assert_close("rms_norm_add", &x.rms_norm_add(&w, 1e-5, &r)?, &shape, &sum, 2e-6, 4e-6)
    });
}

#[test]
fn rms_norm_of_a_zero_row_is_zero() -> Result<()> {
    for d in cpus() {
        let y = Tensor::zeros(d, &[2, 33])?.rms_norm(None, 1e-6)?;
        assert!(pollster::block_on(y.to_vec())?.iter().all(|&v| v == 0.0));
    }
    Ok(())
}

#[test]
fn rms_norm_names_the_weight_whose_length_is_wrong() -> Result<()> {
    let d = &cpus()[0];
    let error = Tensor::zeros(d, &[2, 4])?.rms_norm(Some(&Tensor::zeros(d, &[3])?), 1e-6);
    assert!(matches!(error, Err(TensorError::Shape { op: "rms_norm", arg: "weight", .. })));
    Ok(())
}
