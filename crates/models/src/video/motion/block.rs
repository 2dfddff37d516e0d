//! One block over time: attention between frames, then a feed-forward layer, both modulated by the shot.

use kinora_tensor::{Attention, RopeStyle, Tensor};

use super::super::weights::{Linear, Weights};
use super::{Config, EPS};
use crate::Result;

pub(super) struct Block {
    modulation: Linear,
    qkv: Linear,
    out: Linear,
    up: Linear,
    down: Linear,
    heads: usize,
}

impl Block {
    pub fn load(w: &Weights, c: &Config, i: usize) -> Result<Self> {
        let linear = |name: &str, from: usize, to: usize| w.linear(&format!("blocks.{i}.{name}"), from, to);
        Ok(Self {
            modulation: linear("modulation", c.dim, 4 * c.dim)?,
            qkv: linear("qkv", c.dim, 3 * c.dim)?,
            out: linear("out", c.dim, c.dim)?,
            up: linear("up", c.dim, c.ffn)?,
            down: linear("down", c.ffn, c.dim)?,
            heads: c.heads,
        })
    }

    /// `x` [T, C]; `vector` [1, C] the shot; cosines and sines [T, D / 2] of the frames' times.
    pub fn forward(&self, x: &Tensor, vector: &Tensor, (cos, sin): (&Tensor, &Tensor)) -> Result<Tensor> {
        let (t, dim) = (x.rows(), x.last_dim());
        let m = self.modulation.forward(vector)?; // [1, 4 C]: scale, shift, scale, shift
        let part = |i: usize| m.narrow(1, i * dim, dim);
        let y = x.layer_norm(None, EPS)?.modulate(&part(0)?, &part(1)?)?;
        let qkv = self.qkv.forward(&y)?; // [T, 3 C]
        let heads = |i: usize| qkv.narrow(1, i * dim, dim)?.reshape(&[t, self.heads, dim / self.heads]);
        let q = heads(0)?.rope(cos, sin, RopeStyle::Interleaved)?;
        let k = heads(1)?.rope(cos, sin, RopeStyle::Interleaved)?;
        let scale = 1.0 / ((dim / self.heads) as f32).sqrt();
        let options = Attention { scale, causal: None, window: None, key_bias: None, kv_len: None, softcap: None };
        let y = q.attention(&k, &heads(2)?, &options)?.reshape(&[t, dim])?;
        let x = x.add(&self.out.forward(&y)?)?;
        let y = x.layer_norm(None, EPS)?.modulate(&part(2)?, &part(3)?)?;
        Ok(x.add(&self.down.forward(&self.up.forward(&y)?.gelu_tanh()?)?)?)
    }
}
