//! Softmax over the last dimension.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

impl Tensor {
    /// `exp(x − max) / Σ exp(x − max)` over the last dimension. f32 [.., C] → [.., C].
    ///
    /// # Errors
    /// `DType`.
    pub fn softmax(&self) -> Result<Tensor> {
        Check("softmax").f32("x", self)?;
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => cpu::softmax(d, self.f32()?, self.last_dim(), y.f32_mut()?),
            Device::Gpu(d) => gpu::softmax(d, self, &y)?,
        }
        Ok(y)
    }
}
