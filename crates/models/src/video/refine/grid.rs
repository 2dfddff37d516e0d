//! The grid of patches over a picture, and the picture's place on it.

use kinora_tensor::{Device, Tensor};

use crate::Result;

/// A picture and the pixels that are added around it so that patches fit.
pub(super) struct Grid {
    width: usize,
    height: usize,
    /// Added at the left and the top.
    before: usize,
    right: usize,
    bottom: usize,
    /// [2, H', W']: where a pixel is, −1..1 over the picture's width and height; outside it the line goes on.
    pub position: Tensor,
}

impl Grid {
    /// Patches of `patch` pixels that begin `before` pixels to the left of the picture and above it.
    pub fn new(device: &Device, width: usize, height: usize, patch: usize, before: usize) -> Result<Grid> {
        let after = |side: usize| (before + side).next_multiple_of(patch) - before - side;
        let (right, bottom) = (after(width), after(height));
        let (w, h) = (before + width + right, before + height + bottom);
        let along = |at: usize, side: usize| ((at as f64 - before as f64 + 0.5) / side as f64 * 2.0 - 1.0) as f32;
        let u = (0..w * h).map(|i| along(i % w, width));
        let position: Vec<f32> = u.chain((0..w * h).map(|i| along(i / w, height))).collect();
        let position = Tensor::from_f32(device, &[2, h, w], &position)?;
        Ok(Grid { width, height, before, right, bottom, position })
    }

    /// `x` [C, H, W] → [C, H', W']: the edge's pixels go on.
    pub fn pad(&self, x: &Tensor) -> Result<Tensor> {
        let x = stretch(x, 1, self.before, self.bottom)?;
        stretch(&x, 2, self.before, self.right)
    }

    /// `x` [C, H', W'] → [C, H, W]
    pub fn crop(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.narrow(1, self.before, self.height)?.narrow(2, self.before, self.width)?)
    }
}

/// Repeats the first and the last index of dimension `dim`.
fn stretch(x: &Tensor, dim: usize, before: usize, after: usize) -> Result<Tensor> {
    if before + after == 0 {
        return Ok(x.clone());
    }
    let (first, last) = (x.narrow(dim, 0, 1)?, x.narrow(dim, x.dim(dim).saturating_sub(1), 1)?);
    let mut parts = vec![&first; before];
    parts.push(x);
    parts.extend(vec![&last; after]);
    Ok(Tensor::concat(&parts, dim)?)
}
