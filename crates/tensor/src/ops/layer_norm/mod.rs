//! Layer normalisation.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

impl Tensor {
    /// `(x − mean) / sqrt(var + eps) · weight + bias` over the last dimension, with the biased variance (Ba et al. 2016).
    /// `self` f32 [.., C]; `affine` is (weight, bias), each f32 [C].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn layer_norm(&self, affine: Option<(&Tensor, &Tensor)>, eps: f32) -> Result<Tensor> {
        let check = Check("layer_norm");
        check.f32("x", self)?;
        if let Some((weight, bias)) = affine {
            check.operand(self, "weight", weight, &[self.last_dim()])?;
            check.operand(self, "bias", bias, &[self.last_dim()])?;
        }
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => {
                let affine = match affine {
                    Some((weight, bias)) => Some((weight.f32()?, bias.f32()?)),
                    None => None,
                };
                cpu::layer_norm(d, self.f32()?, self.last_dim(), affine, eps, y.f32_mut()?);
            }
            Device::Gpu(d) => gpu::layer_norm(d, self, affine, eps, &y)?,
        }
        Ok(y)
    }
}
