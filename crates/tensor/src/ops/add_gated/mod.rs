//! A gated residual connection.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

impl Tensor {
    /// `self + branch · gate` (Peebles & Xie 2023). `self` and `branch` f32 [N, C] in F runs of N / F rows, run f takes row f
    /// of `gate`, f32 [F, C].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn add_gated(&self, branch: &Tensor, gate: &Tensor) -> Result<Tensor> {
        let check = Check("add_gated");
        check.f32("self", self)?;
        check.operand(self, "branch", branch, self.shape())?;
        check.runs(self, "gate", gate)?;
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => {
                let run = self.rows() / gate.rows().max(1);
                cpu::add_gated(d, self.f32()?, branch.f32()?, gate.f32()?, self.last_dim(), run, y.f32_mut()?);
            }
            Device::Gpu(d) => gpu::add_gated(d, self, branch, gate, &y)?,
        }
        Ok(y)
    }
}
