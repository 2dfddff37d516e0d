use crate::{CpuDevice, Result};

pub(super) fn matmul(d: &CpuDevice, a: &[f32], b: &[f32], [_, k, n]: [usize; 3], y: &mut [f32]) -> Result<()> {
    d.rows_mut(y, n, |i, y| {
        y.fill(0.0);
        for (j, &a) in a[i * k..][..k].iter().enumerate() {
            y.iter_mut().zip(&b[j * n..][..n]).for_each(|(y, b)| *y += a * b);
        }
    });
    Ok(())
}
