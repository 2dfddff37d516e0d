//! A gated activation over rows that hold the gates, then the ups.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(in crate::ops) use tests::reference;

use crate::check::Check;
use crate::{DType, Device, Result, Tensor};

/// The activation of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// `x · sigmoid(x)` (SwiGLU).
    Silu,
    /// The tanh form of GELU (GeGLU).
    Gelu,
}

impl Tensor {
    /// `activation(gates) · ups` (Shazeer 2020). `self` f32 [.., 2F]: F gates, then F ups → [.., F].
    ///
    /// # Errors
    /// `Shape`, `DType`.
    pub fn gate(&self, gate: Gate) -> Result<Tensor> {
        let check = Check("gate");
        check.f32("x", self)?;
        let cols = self.last_dim() / 2;
        check.that(!self.shape().is_empty() && self.last_dim() == 2 * cols, "x", self, "[.., 2F]")?;
        let mut shape = crate::shape::Shape::new(self.shape()).ok_or_else(|| check.bad_shape("x", self, "[.., 2F]"))?;
        shape.set(shape.len() - 1, cols);
        let mut y = Tensor::empty(self.device(), &shape, DType::F32)?;
        match self.device() {
            Device::Cpu(d) => cpu::gate(d, self.f32()?, cols, gate, y.f32_mut()?),
            Device::Gpu(d) => gpu::gate(d, self, gate, &y)?,
        }
        Ok(y)
    }
}
