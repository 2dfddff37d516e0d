//! A 3×3 convolution of each channel by itself, channels last.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

impl Tensor {
    /// Depthwise 3×3 cross-correlation with one row of zeros around. `self` f32 [F, H, W, C], `w` f32 [C, 3, 3], `bias` f32 [C]
    /// → [F, H, W, C].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn depthwise3x3(&self, w: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let check = Check("depthwise3x3");
        check.f32("x", self)?;
        check.rank("x", self, 4, "[F, H, W, C]")?;
        check.operand(self, "w", w, &[self.dim(3), 3, 3])?;
        if let Some(bias) = bias {
            check.operand(self, "bias", bias, &[self.dim(3)])?;
        }
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => {
                let size = [self.dim(1), self.dim(2), self.dim(3)];
                let bias = bias.map(Tensor::f32).transpose()?;
                cpu::depthwise3x3(d, self.f32()?, w.f32()?, bias, size, y.f32_mut()?)?;
            }
            Device::Gpu(d) => gpu::depthwise3x3(d, self, w, bias, &y)?,
        }
        Ok(y)
    }
}
