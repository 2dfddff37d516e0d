//! The product of two activations.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{DType, Device, Result, Tensor};

impl Tensor {
    /// `self · other`, f32 [M, K] × [K, N] → [M, N].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn matmul(&self, other: &Tensor) -> Result<Tensor> {
        let check = Check("matmul");
        check.f32("self", self)?;
        check.rank("self", self, 2, "[M, K]")?;
        let [m, k, n] = [self.dim(0), self.dim(1), other.dim(1)];
        check.operand(self, "other", other, &[k, n])?;
        let mut y = Tensor::empty(self.device(), &[m, n], DType::F32)?;
        match self.device() {
            Device::Cpu(d) => cpu::matmul(d, self.f32()?, other.f32()?, [m, k, n], y.f32_mut()?)?,
            Device::Gpu(d) => gpu::matmul(d, self, other, &y)?,
        }
        Ok(y)
    }
}
