//! Adaptive normalisation: a scale and a shift per frame.

mod cpu;
pub(crate) use cpu::Row;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

impl Tensor {
    /// `x · (1 + scale) + shift` (Peebles & Xie 2023). `self` f32 [N, C] in F runs of N / F rows, run f takes row f of `scale`
    /// and `shift`, f32 [F, C].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn modulate(&self, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
        let check = Check("modulate");
        check.f32("x", self)?;
        check.runs(self, "scale", scale)?;
        check.operand(self, "shift", shift, scale.shape())?;
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => {
                let run = self.rows() / scale.rows().max(1);
                cpu::modulate(d, self.f32()?, scale.f32()?, shift.f32()?, self.last_dim(), run, y.f32_mut()?);
            }
            Device::Gpu(d) => gpu::modulate(d, self, scale, shift, &y)?,
        }
        Ok(y)
    }
}
