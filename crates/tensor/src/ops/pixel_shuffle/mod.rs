//! Channels to pixels and back.

#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Result, Tensor};

impl Tensor {
    /// `[N, C·r², H, W]` → `[N, C, r·H, r·W]`, in PyTorch's order (Shi et al. 2016).
    ///
    /// # Errors
    /// `Shape`, `DType`.
    pub fn pixel_shuffle(&self, r: usize) -> Result<Tensor> {
        let check = Check("pixel_shuffle");
        check.f32("x", self)?;
        check.rank("x", self, 4, "[N, C·r², H, W]")?;
        let [n, channels, h, w] = [self.dim(0), self.dim(1), self.dim(2), self.dim(3)];
        let square = r.checked_mul(r).filter(|&s| s > 0 && channels.is_multiple_of(s));
        let Some(square) = square else { return Err(check.bad_shape("x", self, "channels that r² divides")) };
        let c = channels / square;
        let x = self.reshape(&[n * c, r, r, h, w])?; // [N·C, ry, rx, H, W]
        x.permute(&[0, 3, 1, 4, 2])?.reshape(&[n, c, r * h, r * w])
    }

    /// `[N, C, r·H, r·W]` → `[N, C·r², H, W]`: the inverse of [`Tensor::pixel_shuffle`].
    ///
    /// # Errors
    /// `Shape`, `DType`.
    pub fn pixel_unshuffle(&self, r: usize) -> Result<Tensor> {
        let check = Check("pixel_unshuffle");
        check.f32("x", self)?;
        check.rank("x", self, 4, "[N, C, r·H, r·W]")?;
        let [n, c, height, width] = [self.dim(0), self.dim(1), self.dim(2), self.dim(3)];
        let divides = r > 0 && height.is_multiple_of(r) && width.is_multiple_of(r);
        check.that(divides, "x", self, "a height and width that r divides")?;
        let (h, w) = (height / r, width / r);
        let x = self.reshape(&[n * c, h, r, w, r])?; // [N·C, H, ry, W, rx]
        x.permute(&[0, 2, 4, 1, 3])?.reshape(&[n, c * r * r, h, w])
    }
}
