//! One block: attention over the cache, then a SwiGLU.

use kinora_formats::config::TextConfig;
use kinora_tensor::{Attention, Device, Persistent, Tensor};

use super::rope::Rope;
use crate::{Result, Weights};

pub(super) struct Block {
    attn_norm: Tensor,
    attn_q: Tensor,
    attn_k: Tensor,
    attn_v: Tensor,
    attn_output: Tensor,
    ffn_norm: Tensor,
    ffn_gate: Tensor,
    ffn_up: Tensor,
    ffn_down: Tensor,
    n_head: usize,
    n_head_kv: usize,
    head_dim: usize,
    eps: f32,
}

impl Block {
    pub fn load(w: &Weights, c: &TextConfig, device: &Device) -> Result<Self> {
        let (width, ff) = (c.n_embd, c.n_ff);
        let (q, kv) = (c.n_head * c.head_dim, c.n_head_kv * c.head_dim);
        let get = |name: &str, shape: &[usize]| w.get(&format!("{name}.weight"), shape, device);
        Ok(Self {
            attn_norm: get("attn_norm", &[width])?,
            attn_q: get("attn_q", &[q, width])?,
            attn_k: get("attn_k", &[kv, width])?,
            attn_v: get("attn_v", &[kv, width])?,
            attn_output: get("attn_output", &[width, q])?,
            ffn_norm: get("ffn_norm", &[width])?,
            ffn_gate: get("ffn_gate", &[ff, width])?,
            ffn_up: get("ffn_up", &[ff, width])?,
            ffn_down: get("ffn_down", &[width, ff])?,
            n_head: c.n_head,
            n_head_kv: c.n_head_kv,
            head_dim: c.head_dim,
            eps: c.eps,
        })
    }

    /// `x` [T, C] at positions from `start`; keys and values join the cache.
    pub fn forward(
        &self,
        x: &Tensor,
        rope: &Rope,
        cache: &mut (Persistent, Persistent),
        start: usize,
    ) -> Result<Tensor> {
        let t = x.rows();
        let heads = |y: Tensor, n: usize| y.reshape(&[t, n, self.head_dim]);
        let h = x.rms_norm(Some(&self.attn_norm), self.eps)?; // [T, C]
        let q = rope.apply(&heads(h.linear(&self.attn_q, None)?, self.n_head)?)?; // [T, H, D]
        let k = rope.apply(&heads(h.linear(&self.attn_k, None)?, self.n_head_kv)?)?; // [T, Hkv, D]
        let v = heads(h.linear(&self.attn_v, None)?, self.n_head_kv)?;
        let (keys, values) = cache;
        keys.append(&k)?;
        values.append(&v)?;
        let scale = 1.0 / (self.head_dim as f32).sqrt();
        let kv_len = Some(keys.len_rows());
        let options = Attention { scale, causal: Some(start), window: None, key_bias: None, kv_len };
        let y = q.attention(&keys.view(), &values.view(), &options)?; // [T, H, D]
        let y = y.reshape(&[t, self.n_head * self.head_dim])?;
        let x = x.add(&y.linear(&self.attn_output, None)?)?;

        let h = x.rms_norm(Some(&self.ffn_norm), self.eps)?;
        let gated = h.linear(&self.ffn_gate, None)?.swiglu(&h.linear(&self.ffn_up, None)?)?; // [T, F]
        Ok(x.add(&gated.linear(&self.ffn_down, None)?)?)
    }
}
