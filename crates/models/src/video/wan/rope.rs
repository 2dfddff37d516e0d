//! 3-D rotary positions: a head's channels are split between time, row and column.

use kinora_tensor::{Device, RopeStyle, Tensor};

use crate::Result;

const THETA: f64 = 10_000.0;

/// Cosines and sines [N, head_dim / 2] of the tokens' positions, in (f, h, w) order.
pub(super) struct Rope {
    cos: Tensor,
    sin: Tensor,
}

impl Rope {
    /// Tables for a grid of `[f, h, w]` tokens whose first frame is number `start`. Of `head_dim` = d channels, time
    /// takes d − 4⌊d/6⌋, rows and columns 2⌊d/6⌋ each.
    pub fn new(device: &Device, [f, h, w]: [usize; 3], start: usize, head_dim: usize) -> Result<Self> {
        let side = 2 * (head_dim / 6);
        let axes = [head_dim - 2 * side, side, side];
        let mut angles = Vec::with_capacity(f * h * w * head_dim / 2);
        for frame in start..start + f {
            for row in 0..h {
                for column in 0..w {
                    for (position, channels) in [frame, row, column].into_iter().zip(axes) {
                        let frequency = |i: usize| THETA.powf(-2.0 * i as f64 / channels as f64);
                        angles.extend((0..channels / 2).map(|i| position as f64 * frequency(i)));
                    }
                }
            }
        }
        let table = |wave: fn(f64) -> f64| {
            let values: Vec<f32> = angles.iter().map(|&a| wave(a) as f32).collect();
            Tensor::from_f32(device, &[f * h * w, head_dim / 2], &values)
        };
        Ok(Self { cos: table(f64::cos)?, sin: table(f64::sin)? })
    }

    /// Rotates adjacent pairs of `x` [N, H, D].
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.rope(&self.cos, &self.sin, RopeStyle::Interleaved)?)
    }
}
