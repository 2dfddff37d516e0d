//! One block: self-attention, cross-attention, feed-forward, the first and the last modulated by the timestep.

use kinora_tensor::{Attention, Device, Persistent, Tensor};

use super::{Config, EPS, embedding::Linear, rope::Rope};
use crate::{ModelError, Result, Weights};

/// Query, key, value and output of an attention, with RMS norms over all channels of queries and keys.
struct Projections {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    norm_q: Tensor,
    norm_k: Tensor,
    num_heads: usize,
}

/// A layer's keys and values of the prompt [L, H, D] and the bias of its pad row.
pub(super) struct TextKv {
    k: Tensor,
    v: Tensor,
    key_bias: Option<Tensor>,
}

pub(super) struct Block {
    /// 6 × [C]: shift, scale, gate, shift, scale, gate.
    modulation: Vec<Tensor>,
    self_attn: Projections,
    cross_attn: Projections,
    norm3: (Tensor, Tensor),
    ffn_0: Linear,
    ffn_2: Linear,
}

impl Projections {
    fn load(w: &Weights, config: &Config, device: &Device) -> Result<Self> {
        let dim = config.dim;
        let linear = |name: &str| Linear::load(&w.pp(name), dim, dim, device);
        Ok(Self {
            q: linear("q")?,
            k: linear("k")?,
            v: linear("v")?,
            o: linear("o")?,
            norm_q: w.get("norm_q.weight", &[dim], device)?,
            norm_k: w.get("norm_k.weight", &[dim], device)?,
            num_heads: config.num_heads,
        })
    }

    fn heads(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.reshape(&[x.rows(), self.num_heads, x.last_dim() / self.num_heads])?)
    }

    fn queries(&self, x: &Tensor) -> Result<Tensor> {
        self.heads(&self.q.forward(x)?.rms_norm(Some(&self.norm_q), EPS)?)
    }

    fn keys(&self, x: &Tensor) -> Result<Tensor> {
        self.heads(&self.k.forward(x)?.rms_norm(Some(&self.norm_k), EPS)?)
    }

    fn values(&self, x: &Tensor) -> Result<Tensor> {
        self.heads(&self.v.forward(x)?)
    }

    fn attend(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        bias: Option<&Tensor>,
        kv_len: Option<usize>,
    ) -> Result<Tensor> {
        let scale = 1.0 / (q.last_dim() as f32).sqrt();
        let options = Attention { scale, causal: None, window: None, key_bias: bias, kv_len, softcap: None };
        let y = q.attention(k, v, &options)?;
        self.o.forward(&y.reshape(&[y.dim(0), y.dim(1) * y.dim(2)])?)
    }
}

impl Block {
    pub fn load(w: &Weights, config: &Config, device: &Device) -> Result<Self> {
        let (dim, ffn) = (config.dim, config.ffn_dim);
        let modulation = w.get("modulation", &[1, 6, dim], device)?.reshape(&[6, dim])?;
        let part = |j: usize| Ok(modulation.narrow(0, j, 1)?.reshape(&[dim])?);
        Ok(Self {
            modulation: (0..6).map(part).collect::<Result<_>>()?,
            self_attn: Projections::load(&w.pp("self_attn"), config, device)?,
            cross_attn: Projections::load(&w.pp("cross_attn"), config, device)?,
            norm3: (w.get("norm3.weight", &[dim], device)?, w.get("norm3.bias", &[dim], device)?),
            ffn_0: Linear::load(&w.pp("ffn.0"), dim, ffn, device)?,
            ffn_2: Linear::load(&w.pp("ffn.2"), ffn, dim, device)?,
        })
    }

    /// Keys and values of the embedded prompt `c` [L, C].
    pub fn text(&self, c: &Tensor, key_bias: Option<Tensor>) -> Result<TextKv> {
        Ok(TextKv { k: self.cross_attn.keys(c)?, v: self.cross_attn.values(c)?, key_bias })
    }

    /// `x` [N, C]; `e0`, 6 × [F, C] (F = 1 or the latent frames); with a cache, keys and values join those stored.
    pub fn forward(
        &self,
        x: &Tensor,
        e0: &[Tensor],
        rope: &Rope,
        text: &TextKv,
        cache: Option<&mut (Persistent, Persistent)>,
    ) -> Result<Tensor> {
        let modulated = e0.iter().zip(&self.modulation).map(|(e, m)| Ok(e.add(m)?)).collect::<Result<Vec<_>>>()?;
        let [shift1, scale1, gate1, shift2, scale2, gate2] = &modulated[..] else {
            return Err(ModelError::Config("a block takes six modulations".into()));
        };

        let y = x.layer_norm(None, EPS)?.modulate(scale1, shift1)?; // [N, C]
        let attn = &self.self_attn;
        let (q, k, v) = (rope.apply(&attn.queries(&y)?)?, rope.apply(&attn.keys(&y)?)?, attn.values(&y)?);
        let y = match cache {
            Some((keys, values)) => {
                keys.append(&k)?;
                values.append(&v)?;
                attn.attend(&q, &keys.view(), &values.view(), None, Some(keys.len_rows()))?
            }
            None => attn.attend(&q, &k, &v, None, None)?,
        };
        let x = x.add_gated(&y, gate1)?;

        let y = x.layer_norm(Some((&self.norm3.0, &self.norm3.1)), EPS)?;
        let q = self.cross_attn.queries(&y)?;
        let x = x.add(&self.cross_attn.attend(&q, &text.k, &text.v, text.key_bias.as_ref(), None)?)?; // no gate, no RoPE

        let y = x.layer_norm(None, EPS)?.modulate(scale2, shift2)?;
        let y = self.ffn_2.forward(&self.ffn_0.forward(&y)?.gelu_tanh()?)?;
        Ok(x.add_gated(&y, gate2)?)
    }
}
