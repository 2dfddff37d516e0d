use crate::cpu::MatrixRows;
use crate::{CpuDevice, Result, Tensor};

pub(super) fn embedding(d: &CpuDevice, table: &Tensor, ids: &[u32], y: &mut [f32]) -> Result<()> {
    let (rows, cols) = (table.dim(0), table.dim(1));
    let table = MatrixRows::of(table)?;
    d.rows_mut(y, cols, |t, y| match ids[t] as usize {
        id if id < rows => table.row(d, id, y),
        _ => y.fill(0.0),
    });
    Ok(())
}
