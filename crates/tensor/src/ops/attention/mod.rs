//! Scaled dot-product attention: full, cross, causal, sliding, with grouped heads.

mod blocked;
mod cached;
mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use kinora_formats::BlockType;

use crate::check::Check;
use crate::tensor::Storage;
use crate::{DType, Device, Result, Tensor, TensorError};

/// What an attention call sees of its keys.
#[derive(Clone, Copy, Default)]
pub struct Attention<'a> {
    /// Factor of the logits, usually 1/√D.
    pub scale: f32,
    /// Position of the first query: query t sees the keys 0..=position + t. `None`: all keys.
    pub causal: Option<usize>,
    /// With `causal`: only the newest so many keys of those, the query's own included.
    pub window: Option<usize>,
    /// f32 [Tk], added to the logits of each key after scaling; −∞ hides a key.
    pub key_bias: Option<&'a Tensor>,
    /// Use only the first so many rows of k and v.
    pub kv_len: Option<usize>,
    /// Logits, before the bias, become `cap · tanh(x / cap)` (Gemma 2).
    pub softcap: Option<f32>,
}

impl Tensor {
    /// `softmax(scale · q kᵀ + mask) v` for each head (Vaswani et al. 2017). `self` (q) f32 [Tq, H, D], `k` and `v`
    /// [Tk, Hkv, D], f32 or rows of a [`Persistent`](crate::Persistent) in f16 or q8_0, with H a multiple of Hkv: query head h reads head h / (H / Hkv) (Ainslie et al. 2023) → [Tq, H, D]. A query that
    /// sees no key gets zeros.
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn attention(&self, k: &Tensor, v: &Tensor, o: &Attention<'_>) -> Result<Tensor> {
        let check = Check("attention");
        check.f32("q", self)?;
        check.rank("q", self, 3, "[Tq, H, D]")?;
        for (name, cache) in [("k", k), ("v", v)] {
            check.device(self, name, cache)?;
            check.shape(name, cache, &[k.dim(0), k.dim(1), self.dim(2)])?;
            let kept = matches!(cache.dtype(), DType::F32 | DType::Block(BlockType::F16 | BlockType::Q8_0));
            if !kept || cache.dtype() != k.dtype() {
                let expected = "f32, or both f16 or q8_0 rows of a cache";
                return Err(TensorError::DType { op: "attention", arg: name, got: cache.dtype(), expected });
            }
        }
        let (heads, kv_heads) = (self.dim(1), k.dim(1));
        check.that(kv_heads > 0 && heads.is_multiple_of(kv_heads), "k", k, "heads that divide those of q")?;
        if let Some(bias) = o.key_bias {
            check.operand(self, "key_bias", bias, &[k.dim(0)])?;
        }
        check.that(o.kv_len.is_none_or(|n| n <= k.dim(0)), "k", k, "at least kv_len rows")?;
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => {
                let call = cpu::Call {
                    q: self.f32()?,
                    k: &[],
                    v: &[],
                    bias: o.key_bias.map(Tensor::f32).transpose()?,
                    mask: cpu::Mask { scale: o.scale, causal: o.causal, window: o.window, softcap: o.softcap },
                    tq: self.dim(0),
                    tk: o.kv_len.unwrap_or(k.dim(0)),
                    heads,
                    kv_heads,
                    dim: self.dim(2),
                };
                match (k.storage(), v.storage()) {
                    (Storage::CpuCache(k), Storage::CpuCache(v)) => cached::attention(d, &call, k, v, y.f32_mut()?)?,
                    _ => cpu::attention(d, &cpu::Call { k: k.f32()?, v: v.f32()?, ..call }, y.f32_mut()?)?,
                }
            }
            Device::Gpu(d) => gpu::attention(d, self, k, v, o, &y)?,
        }
        Ok(y)
    }
}
