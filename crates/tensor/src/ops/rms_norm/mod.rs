//! Root-mean-square normalisation.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

impl Tensor {
    /// `x / sqrt(mean(x²) + eps) · weight` over the last dimension (Zhang & Sennrich 2019). `self` f32 [.., C], `weight`
    /// f32 [C].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn rms_norm(&self, weight: Option<&Tensor>, eps: f32) -> Result<Tensor> {
        let check = Check("rms_norm");
        check.f32("x", self)?;
        if let Some(weight) = weight {
            check.operand(self, "weight", weight, &[self.last_dim()])?;
        }
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => {
                let weight = weight.map(Tensor::f32).transpose()?;
                cpu::rms_norm(d, self.f32()?, self.last_dim(), weight, eps, y.f32_mut()?);
            }
            Device::Gpu(d) => gpu::rms_norm(d, self, weight, eps, None, &y)?,
        }
        Ok(y)
    }

    /// `rms_norm(self) + residual`: a norm behind a layer. `weight` f32 [C], `residual` of the shape of `self`.
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn rms_norm_add(&self, weight: &Tensor, eps: f32, residual: &Tensor) -> Result<Tensor> {
        let check = Check("rms_norm_add");
        check.f32("x", self)?;
        check.operand(self, "weight", weight, &[self.last_dim()])?;
        check.operand(self, "residual", residual, self.shape())?;
        let Device::Gpu(d) = self.device() else { return self.rms_norm(Some(weight), eps)?.add(residual) };
        let y = self.empty_like()?;
        gpu::rms_norm(d, self, Some(weight), eps, Some(residual), &y)?;
        Ok(y)
    }
}
