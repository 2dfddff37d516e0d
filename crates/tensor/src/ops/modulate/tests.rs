use crate::testing::{assert_close, cpus, sweep};
use crate::{Result, Tensor, TensorError};

#[test]
fn modulate_takes_a_row_for_each_run_of_rows() {
    sweep("modulate", 24, |g, d| {
        let (frames, run, c) = (g.size(1, 5), g.size(1, 17), g.size(1, 300));
        let (x, xs) = g.tensor(d, &[frames * run, c])?;
        let (scale, scales) = g.tensor(d, &[frames, c])?;
        let (shift, shifts) = g.tensor(d, &[frames, c])?;
        let at = |i: usize| i / c / run * c + i % c;
        let want: Vec<f64> = (0..xs.len()).map(|i| xs[i] * (1.0 + scales[at(i)]) + shifts[at(i)]).collect();
        assert_close("modulate", &x.modulate(&scale, &shift)?, &[frames * run, c], &want, 1e-6, 1e-6)
    });
}

#[test]
fn modulate_refuses_frames_that_do_not_divide_the_rows() -> Result<()> {
    let d = &cpus()[0];
    let (x, scale) = (Tensor::zeros(d, &[5, 4])?, Tensor::zeros(d, &[2, 4])?);
    assert!(matches!(x.modulate(&scale, &scale), Err(TensorError::Shape { arg: "scale", .. })));
    Ok(())
}
