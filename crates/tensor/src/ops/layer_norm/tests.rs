use crate::testing::{assert_close, sweep};

fn reference(x: &[f64], w: &[f64], b: &[f64], eps: f64) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let var = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (0..x.len()).map(|c| (x[c] - mean) / (var + eps).sqrt() * w[c] + b[c]).collect()
}

#[test]
fn layer_norm_equals_the_f64_reference() {
    sweep("layer_norm", 24, |g, d| {
        let shape = [g.size(1, 4), g.size(1, 9), g.size(2, 700)];
        let (x, xs) = g.tensor(d, &shape)?;
        let (w, ws) = g.tensor(d, &[shape[2]])?;
        let (b, bs) = g.tensor(d, &[shape[2]])?;
        let want: Vec<f64> = xs.chunks(shape[2]).flat_map(|x| reference(x, &ws, &bs, 1e-6)).collect();
        assert_close("layer_norm", &x.layer_norm(Some((&w, &b)), 1e-6)?, &shape, &want, 3e-6, 5e-6)?;
        let (ones, zeros) = (vec![1.0; shape[2]], vec![0.0; shape[2]]);
        let plain: Vec<f64> = xs.chunks(shape[2]).flat_map(|x| reference(x, &ones, &zeros, 1e-6)).collect();
        assert_close("layer_norm", &x.layer_norm(None, 1e-6)?, &shape, &plain, 3e-6, 5e-6)
    });
}

/// The variance is taken around the mean, so an offset costs only the offset's own rounding.
#[test]
fn layer_norm_survives_a_large_mean() {
    sweep("layer_norm_mean", 8, |g, d| {
        let c = g.size(16, 300);
        let (x, xs) = g.tensor(d, &[3, c])?;
        let shifted: Vec<f64> = xs.iter().map(|v| f64::from(*v as f32 + 1000.0)).collect();
        let want: Vec<f64> = shifted.chunks(c).flat_map(|x| reference(x, &vec![1.0; c], &vec![0.0; c], 1e-6)).collect();
        assert_close("layer_norm", &x.add_scalar(1000.0)?.layer_norm(None, 1e-6)?, &[3, c], &want, 2e-3, 0.0)
    });
}
