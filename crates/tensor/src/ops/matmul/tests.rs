use crate::testing::{assert_close, sweep};

#[test]
fn matmul_equals_the_f64_reference() {
    sweep("matmul", 24, |g, d| {
        let [m, k, n] = [g.pick(&[1, 3, 6, 12, 50, 130]), g.size(1, 300), g.pick(&[1, 7, 16, 32, 33, 100])];
        let (a, wide_a) = g.tensor(d, &[m, k])?;
        let (b, wide_b) = g.tensor(d, &[k, n])?;
        let at = |i: usize, j: usize| (0..k).map(|c| wide_a[i * k + c] * wide_b[c * n + j]).sum();
        let want: Vec<f64> = (0..m * n).map(|p| at(p / n, p % n)).collect();
        assert_close("matmul", &a.matmul(&b)?, &[m, n], &want, 3e-5, 2e-6)
    });
}

#[test]
fn a_product_over_nothing_is_zero() {
    sweep("matmul_empty", 1, |g, d| {
        let ((a, _), (b, _)) = (g.tensor(d, &[3, 0])?, g.tensor(d, &[0, 2])?);
        if matches!(d, crate::Device::Gpu(_)) {
            return Ok(()); // empty buffers cannot be bound
        }
        assert_close("matmul", &a.matmul(&b)?, &[3, 2], &[0.0; 6], 0.0, 0.0)
    });
}
