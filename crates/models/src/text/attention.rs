//! Grouped-query attention with rotary positions over a cache (Vaswani et al. 2017, Su et al. 2021, Ainslie et al. 2023).

mod fused;

use kinora_formats::config::{Family, LayerRope, TextConfig};
use kinora_tensor::{Attention, Device, Tensor};

use super::cache::{KeysValues, Past};
use super::linear::{Linear, Stack};
use super::rope::Rope;
use crate::{Result, Weights};

pub(super) struct SelfAttention {
    qkv: Stack,
    output: Linear,
    /// RMS norms of q and k: over each head, or over all heads at once (OLMo 2).
    q_norm: Option<Tensor>,
    k_norm: Option<Tensor>,
    norms_all: bool,
    rope: LayerRope,
    window: Option<usize>,
    n_head: usize,
    n_head_kv: usize,
    head_dim: usize,
    scale: f32,
    softcap: Option<f32>,
    eps: f32,
}

impl SelfAttention {
    pub fn load(w: &Weights, c: &TextConfig, rope: LayerRope, window: Option<usize>, device: &Device) -> Result<Self> {
        let (q, kv) = (c.n_head * c.head_dim, c.n_head_kv * c.head_dim);
        let norm =
            |name: &str| if w.has(name) { Ok(Some(w.any(name, device)?)) } else { Ok::<_, crate::ModelError>(None) };
        let qkv = if w.has("attn_qkv.weight") {
            Stack::fused(w, "attn_qkv", &[q, kv, kv], c.n_embd, device)?
        } else {
            Stack::load(w, &[("attn_q", q), ("attn_k", kv), ("attn_v", kv)], c.n_embd, device)?
        };
        Ok(Self {
            qkv,
            output: Linear::load(w, "attn_output", c.n_embd, q, device)?,
            q_norm: norm("attn_q_norm.weight")?,
            k_norm: norm("attn_k_norm.weight")?,
            norms_all: c.family == Family::Olmo2,
            rope,
            window,
            n_head: c.n_head,
            n_head_kv: c.n_head_kv,
            head_dim: c.head_dim,
            scale: c.attention_scale,
            softcap: c.attention_softcap,
            eps: c.eps,
        })
    }

    pub fn linears(&self) -> impl Iterator<Item = &Linear> {
        self.qkv.linears().chain([&self.output])
    }

    /// `x` [T, C] at positions from `start`; keys and values join the cache.
    pub fn forward(&self, x: &Tensor, rope: &Rope, cache: &mut KeysValues, start: usize) -> Result<Tensor> {
        let t = x.rows();
        let [q, k, v] = self.qkv.forward(x)?; // [T, H·D], 2 × [T, Hkv·D]
        let q = rope.apply(self.rope, self.heads(q, self.n_head, self.q_norm.as_ref())?)?; // [T, H, D]
        let k = rope.apply(self.rope, self.heads(k, self.n_head_kv, self.k_norm.as_ref())?)?; // [T, Hkv, D]
        let v = self.heads(v, self.n_head_kv, None)?;
        let past = cache.append(start, &k, &v)?; // the keys of [S, Hkv, D] that this layer may still see
        let y = q.attention(&past.keys, &past.values, &self.options(start, &past))?; // [T, H, D]
        self.output.forward(&y.reshape(&[t, self.n_head * self.head_dim])?) // [T, C]
    }

    /// What queries from `start` on see of `past`.
    fn options(&self, start: usize, past: &Past) -> Attention<'static> {
        Attention {
            scale: self.scale,
            causal: Some(start - past.first),
            window: self.window,
            key_bias: None,
            kv_len: Some(past.len),
            softcap: self.softcap,
        }
    }

    /// `x` [T, n·D] → [T, n, D], normed where there is a norm.
    fn heads(&self, x: Tensor, n: usize, norm: Option<&Tensor>) -> Result<Tensor> {
        let split = [x.rows(), n, self.head_dim];
        Ok(match norm {
            None => x.reshape(&split)?,
            Some(norm) if self.norms_all => x.rms_norm(Some(norm), self.eps)?.reshape(&split)?,
            Some(norm) => x.reshape(&split)?.rms_norm(Some(norm), self.eps)?,
        })
    }
}
