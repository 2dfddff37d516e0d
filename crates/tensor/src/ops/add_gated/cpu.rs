use crate::CpuDevice;

/// `run` consecutive rows share a row of `gate`.
pub(super) fn add_gated(
    d: &CpuDevice,
    x: &[f32],
    branch: &[f32],
    gate: &[f32],
    cols: usize,
    run: usize,
    y: &mut [f32],
) {
    d.rows(x, y, cols, |n, x, y| {
        let gate = &gate[n / run * cols..][..cols];
        let branch = &branch[n * cols..][..cols];
        for c in 0..cols {
            y[c] = x[c] + branch[c] * gate[c];
        }
    });
}
