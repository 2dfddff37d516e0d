//! Rows of a table.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{DType, Device, Result, Tensor};

impl Tensor {
    /// Row `ids[t]` of `table` for each t. `table` [V, C] f32 or any block type, `ids` u32 [T] → f32 [T, C]. An id of V or more
    /// gives zeros.
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn embedding(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
        let check = Check("embedding");
        if table.dtype() == DType::U32 {
            check.f32("table", table)?;
        }
        check.rank("table", table, 2, "[V, C]")?;
        check.u32("ids", ids)?;
        check.rank("ids", ids, 1, "[T]")?;
        check.device(table, "ids", ids)?;
        let mut y = Tensor::empty(table.device(), &[ids.len(), table.dim(1)], DType::F32)?;
        match table.device() {
            Device::Cpu(d) => cpu::embedding(d, table, ids.u32()?, y.f32_mut()?)?,
            Device::Gpu(d) => gpu::embedding(d, table, ids, &y)?,
        }
        Ok(y)
    }
}
