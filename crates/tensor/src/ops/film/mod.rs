//! Feature-wise linear modulation by an index.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

impl Tensor {
    /// `x · (1 + scale[index]) + shift[index]` (Perez et al. 2018, with the scale around one). `self` f32 [.., C] of N rows,
    /// `scale` and `shift` f32 [F, C], `index` u32 [N] with values below F; a larger one takes row F − 1.
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn film(&self, scale: &Tensor, shift: &Tensor, index: &Tensor) -> Result<Tensor> {
        let check = Check("film");
        check.f32("x", self)?;
        check.u32("index", index)?;
        check.device(self, "index", index)?;
        check.shape("index", index, &[self.rows()])?;
        check.operand(self, "scale", scale, &[scale.dim(0), self.last_dim()])?;
        check.operand(self, "shift", shift, scale.shape())?;
        check.that(!scale.is_empty() || self.is_empty(), "scale", scale, "at least one row")?;
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => {
                cpu::film(d, self.f32()?, scale.f32()?, shift.f32()?, index.u32()?, self.last_dim(), y.f32_mut()?);
            }
            Device::Gpu(d) => gpu::film(d, self, scale, shift, index, &y)?,
        }
        Ok(y)
    }
}
