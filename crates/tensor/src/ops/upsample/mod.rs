//! Nearest-neighbour upsampling.

#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::ops::copy::{CopyDim, strided_copy};
use crate::{DType, Result, Tensor};

impl Tensor {
    /// Each pixel becomes 2 × 2: f32 [N, C, H, W] → [N, C, 2H, 2W].
    ///
    /// # Errors
    /// `Shape`, `DType`.
    pub fn upsample_nearest2x(&self) -> Result<Tensor> {
        let check = Check("upsample_nearest2x");
        check.f32("x", self)?;
        check.rank("x", self, 4, "[N, C, H, W]")?;
        let [n, c, h, w] = [self.dim(0), self.dim(1), self.dim(2), self.dim(3)];
        let mut y = Tensor::empty(self.device(), &[n, c, 2 * h, 2 * w], DType::F32)?;
        let dims = [
            CopyDim { len: n * c * h, src: w, dst: 4 * w },
            CopyDim { len: 2, src: 0, dst: 2 * w },
            CopyDim { len: w, src: 1, dst: 2 },
            CopyDim { len: 2, src: 0, dst: 1 },
        ];
        strided_copy(self, 0, &mut y, 0, &dims)?;
        Ok(y)
    }
}
