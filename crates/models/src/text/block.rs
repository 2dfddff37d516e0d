//! One block: tokens are mixed, then each goes through a gated feed-forward layer; both add to the residual stream.

mod fused;

use kinora_formats::config::{Activation, Layer, TextConfig};
use kinora_tensor::{Device, Tensor};

use super::attention::SelfAttention;
use super::cache::LayerCache;
use super::conv::ShortConv;
use super::linear::{Linear, Stack};
use super::rope::Rope;
use crate::{ModelError, Result, Weights};

pub(super) struct Block {
    attn_norm: Option<Tensor>,
    mixer: Mixer,
    post_attention_norm: Option<Tensor>,
    ffn_norm: Option<Tensor>,
    ffn_gate_up: Stack,
    ffn_down: Linear,
    post_ffw_norm: Option<Tensor>,
    activation: Activation,
    residual_scale: f32,
    eps: f32,
}

enum Mixer {
    Attention(Box<SelfAttention>),
    ShortConv(Box<ShortConv>),
}

impl Block {
    pub fn load(w: &Weights, c: &TextConfig, layer: Layer, device: &Device) -> Result<Self> {
        let (width, ff) = (c.n_embd, c.n_ff);
        let norm = |there: bool, name: &str| if there { w.get(name, &[width], device).map(Some) } else { Ok(None) };
        Ok(Self {
            attn_norm: norm(c.family.has_pre_norms(), "attn_norm.weight")?,
            mixer: match layer {
                Layer::Attention { rope, window } => {
                    Mixer::Attention(Box::new(SelfAttention::load(w, c, rope, window, device)?))
                }
                Layer::ShortConv => Mixer::ShortConv(Box::new(ShortConv::load(&w.pp("shortconv"), c, device)?)),
            },
            post_attention_norm: norm(c.family.has_post_norms(), "post_attention_norm.weight")?,
            ffn_norm: norm(c.family.has_pre_norms(), "ffn_norm.weight")?,
            ffn_gate_up: if w.has("ffn_gate.weight") {
                Stack::load(w, &[("ffn_gate", ff), ("ffn_up", ff)], width, device)?
            } else {
                Stack::fused(w, "ffn_up", &[ff, ff], width, device)?
            },
            ffn_down: Linear::load(w, "ffn_down", width, ff, device)?,
            post_ffw_norm: norm(c.family.has_post_norms(), "post_ffw_norm.weight")?,
            activation: c.activation,
            residual_scale: c.residual_scale,
            eps: c.eps,
        })
    }

    /// Its matrices, for adapters.
    pub fn linears(&self) -> Vec<&Linear> {
        let mixer: Vec<&Linear> = match &self.mixer {
            Mixer::Attention(attention) => attention.linears().collect(),
            Mixer::ShortConv(conv) => conv.linears().collect(),
        };
        mixer.into_iter().chain(self.ffn_gate_up.linears()).chain([&self.ffn_down]).collect()
    }

    /// `x` [T, C] at positions from `start`; what later tokens look back at joins the cache. Returns [T, C].
    pub fn forward(&self, x: &Tensor, rope: &Rope, cache: &mut LayerCache, start: usize) -> Result<Tensor> {
        let h = self.norm(&self.attn_norm, x)?; // [T, C]
        let y = match (&self.mixer, cache) {
            (Mixer::Attention(attention), LayerCache::Attention(cache)) => attention.forward(&h, rope, cache, start)?,
            (Mixer::ShortConv(conv), LayerCache::ShortConv(cache)) => conv.forward(&h, cache, start)?,
            _ => return Err(ModelError::Config("the cache belongs to another model".into())),
        };
        let x = self.add(x, &self.norm(&self.post_attention_norm, &y)?)?;

        let h = self.norm(&self.ffn_norm, &x)?;
        let [gate, up] = self.ffn_gate_up.forward(&h)?; // 2 × [T, F]
        let gated = match self.activation {
            Activation::Silu => gate.swiglu(&up)?,
            Activation::GeluTanh => gate.gelu_tanh()?.mul(&up)?,
        };
        let y = self.ffn_down.forward(&gated)?; // [T, C]
        self.add(&x, &self.norm(&self.post_ffw_norm, &y)?)
    }

    fn norm(&self, weight: &Option<Tensor>, x: &Tensor) -> Result<Tensor> {
        match weight {
            Some(weight) => Ok(x.rms_norm(Some(weight), self.eps)?),
            None => Ok(x.clone()),
        }
    }

    /// The residual stream with `y`, times Granite's multiplier.
    fn add(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        if self.residual_scale == 1.0 { Ok(x.add(y)?) } else { Ok(x.add(&y.scale(self.residual_scale)?)?) }
    }
}
