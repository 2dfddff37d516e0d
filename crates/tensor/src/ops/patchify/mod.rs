//! A clip as a sequence of patches.

#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Result, Tensor};

impl Tensor {
    /// `[C, F, H, W]` → `[N, C·pt·ph·pw]` for patches `p` = [pt, ph, pw]: tokens in (f, h, w) order, a token's values in
    /// (c, pt, ph, pw) order, as a convolution with stride `p` reads them.
    ///
    /// # Errors
    /// `Shape`, `DType`.
    pub fn patchify(&self, p: [usize; 3]) -> Result<Tensor> {
        let check = Check("patchify");
        check.f32("x", self)?;
        check.rank("x", self, 4, "[C, F, H, W]")?;
        let c = self.dim(0);
        let Some([f, h, w]) = grid([self.dim(1), self.dim(2), self.dim(3)], p) else {
            return Err(check.bad_shape("x", self, format!("[C, F, H, W] with sizes that {p:?} divides")));
        };
        let [pt, ph, pw] = p;
        let x = self.reshape(&[c, f, pt, h, ph, w, pw])?;
        x.permute(&[1, 3, 5, 0, 2, 4, 6])?.reshape(&[f * h * w, c * pt * ph * pw])
    }

    /// `[N, pt·ph·pw·C]` → `shape` = `[C, F, H, W]`: tokens in (f, h, w) order, a token's values in (pt, ph, pw, C) order, as
    /// Wan's head writes them.
    ///
    /// # Errors
    /// `Shape`, `DType`.
    pub fn unpatchify(&self, shape: [usize; 4], p: [usize; 3]) -> Result<Tensor> {
        let check = Check("unpatchify");
        check.f32("x", self)?;
        let [c, frames, height, width] = shape;
        let Some([f, h, w]) = grid([frames, height, width], p) else {
            return Err(check.bad_shape("x", self, format!("an output {shape:?} that {p:?} divides")));
        };
        let [pt, ph, pw] = p;
        check.shape("x", self, &[f * h * w, pt * ph * pw * c])?;
        let x = self.reshape(&[f, h, w, pt, ph, pw, c])?;
        x.permute(&[6, 0, 3, 1, 4, 2, 5])?.reshape(&shape)
    }
}

/// How many patches fit along each axis; `None` where they do not fit exactly.
fn grid(size: [usize; 3], p: [usize; 3]) -> Option<[usize; 3]> {
    let fits = size.iter().zip(p).all(|(&n, p)| p > 0 && n.is_multiple_of(p));
    fits.then(|| [size[0] / p[0], size[1] / p[1], size[2] / p[2]])
}
