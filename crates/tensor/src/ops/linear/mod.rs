//! A linear layer.

mod cpu;
pub(in crate::ops) mod gpu;
mod rows;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{DType, Device, Result, Tensor};

impl Tensor {
    /// `x · wᵀ + bias`. `self` f32 [.., K], `w` [N, K] f32 or any block type, `bias` f32 [N] → f32 [.., N].
    ///
    /// On the CPU, up to a few rows against quantised weights are rounded to 8 bits per 32 values first, unless the device is
    /// [`exact`](crate::CpuDevice::exact).
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn linear(&self, w: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let check = Check("linear");
        check.f32("x", self)?;
        if w.dtype() == DType::U32 {
            check.f32("w", w)?;
        }
        check.device(self, "w", w)?;
        let (n, k) = (w.dim(0), self.last_dim());
        check.shape("w", w, &[n, k])?;
        if let Some(bias) = bias {
            check.operand(self, "bias", bias, &[n])?;
        }
        let mut shape = crate::shape::Shape::new(self.shape()).ok_or_else(|| check.bad_shape("x", self, "[.., K]"))?;
        check.that(!shape.is_empty(), "x", self, "[.., K]")?;
        shape.set(shape.len() - 1, n);
        let mut y = Tensor::empty(self.device(), &shape, DType::F32)?;
        match self.device() {
            Device::Cpu(d) => {
                let bias = bias.map(Tensor::f32).transpose()?;
                cpu::linear(d, self.f32()?, w, bias, y.f32_mut()?)?;
            }
            Device::Gpu(d) => {
                let o = super::linear_fused::LinearFused { bias, ..Default::default() };
                gpu::linear(d, self, w, &o, &y, 0)?;
            }
        }
        Ok(y)
    }
}
