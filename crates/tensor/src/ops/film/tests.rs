use crate::Tensor;
use crate::testing::{assert_close, sweep};

#[test]
fn film_takes_the_row_of_each_index() {
    sweep("film", 24, |g, d| {
        let (n, f, c) = (g.size(1, 60), g.size(1, 8), g.size(1, 300));
        let (x, xs) = g.tensor(d, &[n, c])?;
        let (scale, scales) = g.tensor(d, &[f, c])?;
        let (shift, shifts) = g.tensor(d, &[f, c])?;
        let ids: Vec<u32> = (0..n).map(|_| g.size(0, f - 1) as u32).collect();
        let index = Tensor::from_u32(d, &[n], &ids)?;
        let at = |i: usize| ids[i / c] as usize * c + i % c;
        let want: Vec<f64> = (0..xs.len()).map(|i| xs[i] * (1.0 + scales[at(i)]) + shifts[at(i)]).collect();
        assert_close("film", &x.film(&scale, &shift, &index)?, &[n, c], &want, 1e-6, 1e-6)
    });
}
