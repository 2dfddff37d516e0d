//! The same block in as few launches as a GPU needs: norms within the products behind them, residuals within those before.

use kinora_formats::config::Activation;
use kinora_tensor::{Gate, Tensor};

use super::{Block, Mixer};
use crate::text::cache::LayerCache;
use crate::text::linear::Norm;
use crate::text::rope::Rope;
use crate::{ModelError, Result};

impl Block {
    /// As [`Block::forward`], up to rounding.
    pub fn fused(&self, x: &Tensor, rope: &Rope, cache: &mut LayerCache, start: usize) -> Result<Tensor> {
        let residual = |post: &Option<Tensor>| (post.is_none() && self.residual_scale == 1.0).then_some(x);
        let norm = self.norm_of(&self.attn_norm);
        let x = match (&self.mixer, cache) {
            (Mixer::Attention(attention), LayerCache::Attention(cache)) if attention.fuses() => {
                let add = residual(&self.post_attention_norm);
                let y = attention.fused(x, norm, rope, cache, start, add)?;
                if add.is_some() { y } else { self.join(x, y, &self.post_attention_norm)? }
            }
            (Mixer::Attention(attention), LayerCache::Attention(cache)) => {
                let y = attention.forward(&self.norm(&self.attn_norm, x)?, rope, cache, start)?;
                self.join(x, y, &self.post_attention_norm)?
            }
            (Mixer::ShortConv(conv), LayerCache::ShortConv(cache)) => {
                let y = conv.forward(&self.norm(&self.attn_norm, x)?, cache, start)?;
                self.join(x, y, &self.post_attention_norm)?
            }
            _ => return Err(ModelError::Config("the cache belongs to another model".into())),
        };
        let gate = match self.activation {
            Activation::Silu => Gate::Silu,
            Activation::GeluTanh => Gate::Gelu,
        };
        let gated = self.ffn_gate_up.gated(&x, self.norm_of(&self.ffn_norm), gate)?; // [T, F]
        if self.post_ffw_norm.is_none() && self.residual_scale == 1.0 {
            return self.ffn_down.fused(&gated, None, Some(&x));
        }
        let y = self.ffn_down.fused(&gated, None, None)?; // [T, C]
        self.join(&x, y, &self.post_ffw_norm)
    }

    fn norm_of<'a>(&self, weight: &'a Option<Tensor>) -> Norm<'a> {
        weight.as_ref().map(|weight| (weight, self.eps))
    }

    /// `x + norm(y)`.
    fn join(&self, x: &Tensor, y: Tensor, post: &Option<Tensor>) -> Result<Tensor> {
        match post {
            Some(post) if self.residual_scale == 1.0 => Ok(y.rms_norm_add(post, self.eps, x)?),
            _ => self.add(x, &self.norm(post, &y)?),
        }
    }
}
