//! Rotary positions in one dimension; GGUF files of this family store q and k for interleaved pairs (2i, 2i + 1).

use kinora_tensor::{Device, RopeStyle, Tensor};

use crate::Result;

/// The angle per position of each pair.
pub(super) struct RopeTable(Vec<f64>);

/// Cosines and sines [T, n_rot / 2] of consecutive positions.
pub(super) struct Rope {
    cos: Tensor,
    sin: Tensor,
}

impl RopeTable {
    /// `base^(−2i / n_rot)`, divided by the file's factors where it has any.
    pub fn new(n_rot: usize, base: f32, factors: Option<Vec<f32>>) -> Self {
        let frequency = |i: usize| f64::from(base).powf(-2.0 * i as f64 / n_rot as f64);
        let factor = |i: usize| factors.as_ref().and_then(|f| f.get(i)).map_or(1.0, |f| f64::from(*f));
        Self((0..n_rot / 2).map(|i| frequency(i) / factor(i)).collect())
    }

    /// Tables for `len` positions from `start`.
    pub fn at(&self, device: &Device, start: usize, len: usize) -> Result<Rope> {
        let table = |wave: fn(f64) -> f64| {
            let row = |p: usize| self.0.iter().map(move |f| wave(p as f64 * f) as f32);
            let values: Vec<f32> = (start..start + len).flat_map(row).collect();
            Tensor::from_f32(device, &[len, self.0.len()], &values)
        };
        Ok(Rope { cos: table(f64::cos)?, sin: table(f64::sin)? })
    }
}

impl Rope {
    /// Rotates `x` [T, H, D].
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.rope(&self.cos, &self.sin, RopeStyle::Interleaved)?)
    }
}
