//! Rotary position embedding.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

/// Which two channels are a rotating pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RopeStyle {
    /// (2i, 2i + 1): Su et al. 2021, GGUF's Llama, Wan.
    Interleaved,
    /// (i, i + R/2): GPT-NeoX, Hugging Face's Llama.
    NeoX,
}

impl Tensor {
    /// Rotates channel pairs by the angle of their position (Su et al. 2021). `self` f32 [T, H, D]; `cos` and `sin` f32 [T, R/2]:
    /// the angles of each token, for 1-D or 3-D positions alike. The first R of D channels rotate, the others pass.
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn rope(&self, cos: &Tensor, sin: &Tensor, style: RopeStyle) -> Result<Tensor> {
        let check = Check("rope");
        check.f32("x", self)?;
        check.rank("x", self, 3, "[T, H, D]")?;
        check.operand(self, "cos", cos, &[self.dim(0), cos.dim(1)])?;
        check.operand(self, "sin", sin, cos.shape())?;
        check.that(cos.dim(1) * 2 <= self.dim(2), "cos", cos, "at most D / 2 angles a token")?;
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => {
                let (heads, dim) = (self.dim(1), self.dim(2));
                cpu::rope(d, self.f32()?, cos.f32()?, sin.f32()?, [heads, dim, cos.dim(1)], style, y.f32_mut()?);
            }
            Device::Gpu(d) => gpu::rope(d, self, cos, sin, style, &y)?,
        }
        Ok(y)
    }
}
