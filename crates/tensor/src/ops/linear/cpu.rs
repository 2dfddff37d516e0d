use crate::cpu::{MatrixRows, SendPtr};
use crate::{CpuDevice, Result, Tensor};

pub(super) fn linear(d: &CpuDevice, x: &[f32], w: &Tensor, bias: Option<&[f32]>, y: &mut [f32]) -> Result<()> {
    let (n, k) = (w.dim(0), w.dim(1));
    let rows = MatrixRows::of(w)?;
    let m = y.len() / n.max(1);
    let y = SendPtr::new(y);
    d.pool().run(n, |n0| {
        let mut row = vec![0.0; k];
        rows.row(n0, &mut row);
        for i in 0..m {
            let dot: f32 = x[i * k..][..k].iter().zip(&row).map(|(a, b)| a * b).sum();
            // SAFETY: column n0 belongs to this task.
            unsafe { y.write(i * n + n0, dot + bias.map_or(0.0, |b| b[n0])) };
        }
    });
    Ok(())
}
