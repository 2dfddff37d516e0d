//! The linear layer and the timestep's embedding.

use kinora_tensor::{Device, Tensor};

use super::Config;
use crate::{Result, Weights};

pub(super) struct Linear {
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Linear {
    pub fn load(w: &Weights, inputs: usize, outputs: usize, device: &Device) -> Result<Self> {
        Ok(Self { weight: w.get("weight", &[outputs, inputs], device)?, bias: w.get("bias", &[outputs], device)? })
    }

    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.linear(&self.weight, Some(&self.bias))?)
    }
}

pub(super) struct TimeEmbedding {
    freq_dim: usize,
    dim: usize,
    linear: [Linear; 2],
    projection: Linear,
}

impl TimeEmbedding {
    pub fn load(w: &Weights, config: &Config, device: &Device) -> Result<Self> {
        let (freq_dim, dim) = (config.freq_dim, config.dim);
        Ok(Self {
            freq_dim,
            dim,
            linear: [
                Linear::load(&w.pp("time_embedding.0"), freq_dim, dim, device)?,
                Linear::load(&w.pp("time_embedding.2"), dim, dim, device)?,
            ],
            projection: Linear::load(&w.pp("time_projection.1"), dim, 6 * dim, device)?,
        })
    }

    /// `e` [F, C] for the head and `e0`, 6 × [F, C], for the blocks: shift, scale, gate of attention and of the FFN.
    pub fn forward(&self, device: &Device, timesteps: &[f64]) -> Result<(Tensor, Vec<Tensor>)> {
        let waves = Tensor::from_f32(device, &[timesteps.len(), self.freq_dim], &sinusoid(timesteps, self.freq_dim))?;
        let [first, second] = &self.linear;
        let e = second.forward(&first.forward(&waves)?.silu()?)?;
        let e0 = self.projection.forward(&e.silu()?)?; // [F, 6 C]
        let part = |j: usize| Ok(e0.narrow(1, j * self.dim, self.dim)?);
        Ok((e, (0..6).map(part).collect::<Result<_>>()?))
    }
}

/// `[cos(t ωᵢ), sin(t ωᵢ)]` with `ωᵢ = 10000^(−i / (dim / 2))`, a row a timestep; computed in f64.
fn sinusoid(timesteps: &[f64], dim: usize) -> Vec<f32> {
    let half = dim / 2;
    let angle = |t: f64, i: usize| t * 10_000f64.powf(-(i as f64) / half as f64);
    let row = |&t: &f64| {
        let cos = (0..half).map(move |i| angle(t, i).cos() as f32);
        cos.chain((0..half).map(move |i| angle(t, i).sin() as f32))
    };
    timesteps.iter().flat_map(row).collect()
}
