//! 2-D convolution.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{DType, Device, Result, Tensor};

/// Geometry of a convolution; both axes alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// Step between outputs, at least 1.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: usize,
    /// Input and output channels are split into so many independent groups.
    pub groups: usize,
}

impl Default for Conv2d {
    fn default() -> Self {
        Conv2d { stride: 1, padding: 0, groups: 1 }
    }
}

impl Tensor {
    /// Cross-correlation as in PyTorch. `self` f32 [N, I, H, W], `w` f32 [O, I/groups, kh, kw], `bias` f32 [O] → f32
    /// [N, O, (H + 2·padding − kh)/stride + 1, (W + 2·padding − kw)/stride + 1].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn conv2d(&self, w: &Tensor, bias: Option<&Tensor>, c: &Conv2d) -> Result<Tensor> {
        let check = Check("conv2d");
        check.f32("x", self)?;
        check.rank("x", self, 4, "[N, I, H, W]")?;
        let [outputs, kh, kw] = [w.dim(0), w.dim(2), w.dim(3)];
        let divides = c.groups > 0 && self.dim(1).is_multiple_of(c.groups) && outputs.is_multiple_of(c.groups);
        check.that(divides, "w", w, "output channels, and input channels of x, that `groups` divides")?;
        check.operand(self, "w", w, &[outputs, self.dim(1) / c.groups, kh, kw])?;
        if let Some(bias) = bias {
            check.operand(self, "bias", bias, &[outputs])?;
        }
        let out = |len: usize, kernel: usize| {
            let padded = len.checked_add(c.padding.checked_mul(2)?)?;
            padded.checked_sub(kernel)?.checked_div(c.stride)?.checked_add(1)
        };
        let (Some(height), Some(width), true) = (out(self.dim(2), kh), out(self.dim(3), kw), kh * kw > 0) else {
            return Err(check.bad_shape("x", self, format!("at least the kernel's {kh} × {kw}, and a stride above 0")));
        };
        let mut y = Tensor::empty(self.device(), &[self.dim(0), outputs, height, width], DType::F32)?;
        match self.device() {
            Device::Cpu(d) => {
                let shape = cpu::Dims {
                    images: self.dim(0),
                    inputs: self.dim(1),
                    size: [self.dim(2), self.dim(3)],
                    outputs,
                    kernel: [kh, kw],
                    out: [height, width],
                };
                let bias = bias.map(Tensor::f32).transpose()?;
                cpu::conv2d(d, self.f32()?, w.f32()?, bias, c, &shape, y.f32_mut()?)?;
            }
            Device::Gpu(d) => gpu::conv2d(d, self, w, bias, c, &y)?,
        }
        Ok(y)
    }
}
