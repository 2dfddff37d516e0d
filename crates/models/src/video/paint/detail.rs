//! What a cell's own pixels cannot say: edges that cross cells, drawn by two 3×3 convolutions on half cells of 2×2 pixels.

use super::Weights;
use super::features::CELL;
use crate::Result;
use crate::video::weights::{Conv, Linear};
use kinora_tensor::Tensor;

/// Pixels on a half cell's side.
const HALF: usize = 2;

/// Linear to half cells → GELU → 3×3 with GELU and a residual → 3×3 to pixels.
pub(super) struct Detail {
    input: Linear,
    hidden: Conv,
    output: Conv,
}

impl Detail {
    /// For cells of `dim` channels; half cells have `channels`.
    pub fn load(w: &Weights, dim: usize, channels: usize) -> Result<Detail> {
        Ok(Detail {
            input: w.linear("detail.input", dim, channels * (CELL / HALF).pow(2))?,
            hidden: w.conv("detail.hidden", channels, channels, 3)?,
            output: w.conv("detail.output", channels, 3 * HALF * HALF, 3)?,
        })
    }

    /// `x` [F·H·W, dim] → [F, 3, 4·H, 4·W], to be added to the picture.
    pub fn forward(&self, x: &Tensor, [f, h, w]: [usize; 3]) -> Result<Tensor> {
        let y = self.input.forward(x)?;
        let y = y.reshape(&[f, h, w, y.shape()[1]])?.permute(&[0, 3, 1, 2])?;
        let y = y.pixel_shuffle(CELL / HALF)?.gelu_tanh()?; // [F, channels, 2·H, 2·W]
        let y = y.add(&self.hidden.forward(&y)?.gelu_tanh()?)?;
        Ok(self.output.forward(&y)?.pixel_shuffle(HALF)?)
    }
}
