use crate::CpuDevice;

/// `run` consecutive rows share a row of `scale` and `shift`.
pub(super) fn modulate(d: &CpuDevice, x: &[f32], scale: &[f32], shift: &[f32], cols: usize, run: usize, y: &mut [f32]) {
    d.rows(x, y, cols, |n, x, y| {
        let at = n / run * cols;
        let (scale, shift) = (&scale[at..at + cols], &shift[at..at + cols]);
        for c in 0..cols {
            y[c] = x[c] * (1.0 + scale[c]) + shift[c];
        }
    });
}
