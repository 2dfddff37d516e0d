//! The Wan 2.1 diffusion transformer (Wan-Video/Wan2.1, `wan/modules/model.py`), in the original tensor names: text to
//! video, with a timestep per latent frame (clean frames at t = 0 are images, keyframes, extensions) and a KV cache for
//! causal generation. Sizes come from the tensors' shapes.

mod block;
mod embedding;
mod rope;

use kinora_tensor::{Device, Persistent, Tensor};

use crate::{ModelError, Result, Weights};
use block::{Block, TextKv};
use embedding::{Linear, TimeEmbedding};
use rope::Rope;

/// Sizes of a Wan DiT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub dim: usize,
    pub ffn_dim: usize,
    pub num_heads: usize,
    pub num_layers: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    /// Latent frames, rows and columns of a token.
    pub patch: [usize; 3],
    pub text_dim: usize,
    pub freq_dim: usize,
}

/// Every norm of the published models.
const EPS: f32 = 1e-6;

impl Config {
    /// Reads the sizes off the tensors; only the number of heads is not in any shape (128 channels a head as published,
    /// unless given).
    ///
    /// # Errors
    /// Names the tensor that is missing or whose rank is not the architecture's.
    pub fn infer(w: &Weights, num_heads: Option<usize>) -> Result<Self> {
        let dims = |name: &str, rank: usize| {
            let shape = w.shape(name)?;
            if shape.len() == rank {
                Ok(shape)
            } else {
                Err(ModelError::shape(name, &shape, format!("{rank} dimensions")))
            }
        };
        let patch = dims("patch_embedding.weight", 5)?;
        let [dim, in_channels, pt, ph, pw] = patch[..] else {
            return Err(ModelError::missing("patch_embedding.weight"));
        };
        let head = dims("head.head.weight", 2)?;
        let out_channels = head.first().copied().unwrap_or(0) / (pt * ph * pw).max(1);
        let num_layers = (0..).take_while(|i| w.has(&format!("blocks.{i}.modulation"))).count();
        let num_heads = num_heads.unwrap_or(dim / 128);
        if num_heads == 0 || !dim.is_multiple_of(2 * num_heads) {
            return Err(ModelError::Config(format!(
                "{dim} channels do not divide into {num_heads} heads of even size"
            )));
        }
        Ok(Self {
            dim,
            ffn_dim: dims("blocks.0.ffn.0.weight", 2)?.first().copied().unwrap_or(0),
            num_heads,
            num_layers,
            in_channels,
            out_channels,
            patch: [pt, ph, pw],
            text_dim: dims("text_embedding.0.weight", 2)?.last().copied().unwrap_or(0),
            freq_dim: dims("time_embedding.0.weight", 2)?.last().copied().unwrap_or(0),
        })
    }

    fn head_dim(&self) -> usize {
        self.dim / self.num_heads
    }
}

/// A loaded Wan DiT.
pub struct Wan {
    config: Config,
    device: Device,
    patch_embedding: Linear,
    text_embedding: [Linear; 2],
    time: TimeEmbedding,
    blocks: Vec<Block>,
    head_modulation: [Tensor; 2],
    head: Linear,
}

/// Keys and values of every layer for one prompt: computed once, used in every step.
pub struct Text(Vec<TextKv>);

/// Keys and values of the frames that are already clean, for causal generation (Self-Forcing).
pub struct Cache {
    layers: Vec<(Persistent, Persistent)>,
    frames: usize,
}

impl Cache {
    /// Latent frames stored so far; the next frame's position in time.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The stored keys of a layer [tokens, heads, head_dim]: after norm and rotation.
    ///
    /// # Errors
    /// `Config` when there is no such layer.
    pub fn keys(&self, layer: usize) -> Result<Tensor> {
        let (k, _) = self.layers.get(layer).ok_or_else(|| ModelError::Config(format!("no layer {layer}")))?;
        Ok(k.filled()?)
    }
}

impl Wan {
    /// Loads the network on `device`; the matrices keep the block type of the file.
    ///
    /// # Errors
    /// A missing or misshapen tensor by name, `OutOfMemory`.
    pub fn load(w: &Weights, num_heads: Option<usize>, device: &Device) -> Result<Self> {
        let config = Config::infer(w, num_heads)?;
        let dim = config.dim;
        let [pt, ph, pw] = config.patch;
        let patch_values = config.in_channels * pt * ph * pw;
        let head_rows = config.out_channels * pt * ph * pw;
        let blocks = (0..config.num_layers)
            .map(|i| Block::load(&w.pp(&format!("blocks.{i}")), &config, device))
            .collect::<Result<Vec<_>>>()?;
        let modulation = w.get("head.modulation", &[1, 2, dim], device)?.reshape(&[2, dim])?;
        Ok(Self {
            patch_embedding: Linear {
                weight: w.matrix("patch_embedding.weight", dim, patch_values, device)?,
                bias: w.get("patch_embedding.bias", &[dim], device)?,
            },
            text_embedding: [
                Linear::load(&w.pp("text_embedding.0"), config.text_dim, dim, device)?,
                Linear::load(&w.pp("text_embedding.2"), dim, dim, device)?,
            ],
            time: TimeEmbedding::load(w, &config, device)?,
            blocks,
            head_modulation: [
                modulation.narrow(0, 0, 1)?.reshape(&[dim])?,
                modulation.narrow(0, 1, 1)?.reshape(&[dim])?,
            ],
            head: Linear::load(&w.pp("head.head"), dim, head_rows, device)?,
            device: device.clone(),
            config,
        })
    }

    /// The network's sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Prepares a prompt: `context` [L, text_dim], the text encoder's states without padding. The published models pad
    /// it with zero rows to `padded_len` and attend to those as well, without a mask; all of them have the same key, so
    /// one pad row whose logit gets + ln(number of pads) is exactly the same.
    ///
    /// # Errors
    /// `Shape` when the context has another width.
    pub fn text(&self, context: &Tensor, padded_len: usize) -> Result<Text> {
        let (rows, text_dim) = (context.rows(), self.config.text_dim);
        let pads = padded_len.saturating_sub(rows);
        let padded;
        let context = if pads > 0 {
            padded = Tensor::concat(&[context, &Tensor::zeros(&self.device, &[1, text_dim])?], 0)?;
            &padded
        } else {
            context
        };
        let [first, second] = &self.text_embedding;
        let c = second.forward(&first.forward(context)?.gelu_tanh()?)?; // [L (+ 1), C]
        let bias = if pads > 0 {
            let mut bias = vec![0.0; rows];
            bias.push((pads as f32).ln());
            Some(Tensor::from_f32(&self.device, &[rows + 1], &bias)?)
        } else {
            None
        };
        let kv = |block: &Block| block.text(&c, bias.clone());
        Ok(Text(self.blocks.iter().map(kv).collect::<Result<_>>()?))
    }

    /// An empty cache for `frames` latent frames of `tokens_per_frame` tokens.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn cache(&self, frames: usize, tokens_per_frame: usize) -> Result<Cache> {
        let shape = [frames * tokens_per_frame, self.config.num_heads, self.config.head_dim()];
        let pair = |_| Ok((Persistent::zeros(&self.device, &shape)?, Persistent::zeros(&self.device, &shape)?));
        Ok(Cache { layers: (0..self.config.num_layers).map(pair).collect::<Result<_>>()?, frames: 0 })
    }

    /// The velocity of the latent `x` [in, F, H, W] → [out, F, H, W]. `timesteps` are in 0..1000: one for all frames, or
    /// one for each latent frame. With a cache, the frames follow those stored, see them, and are stored.
    ///
    /// # Errors
    /// `Shape` when sides are not multiples of the patch or the number of timesteps fits no frames.
    pub fn forward(&self, x: &Tensor, timesteps: &[f64], text: &Text, mut cache: Option<&mut Cache>) -> Result<Tensor> {
        let [pt, ph, pw] = self.config.patch;
        let [_, frames, height, width] = x.shape()[..] else {
            return Err(ModelError::shape("x", x.shape(), "[channels, frames, height, width]".into()));
        };
        let (f, h, w) = (frames / pt, height / ph, width / pw);
        if timesteps.len() != 1 && timesteps.len() != f {
            return Err(ModelError::Config(format!("{} timesteps for {f} latent frames", timesteps.len())));
        }
        let start = cache.as_ref().map_or(0, |c| c.frames);
        let rope = Rope::new(&self.device, [f, h, w], start, self.config.head_dim())?;

        let mut x = self.patch_embedding.forward(&x.patchify(self.config.patch)?)?; // [N, C]
        let (e, e0) = self.time.forward(&self.device, timesteps)?; // [F, C], 6 × [F, C]
        for (i, block) in self.blocks.iter().enumerate() {
            let stored = cache.as_mut().and_then(|c| c.layers.get_mut(i));
            let text = text.0.get(i).ok_or_else(|| ModelError::Config("text prepared by another model".into()))?;
            x = block.forward(&x, &e0, &rope, text, stored)?;
        }
        if let Some(cache) = cache {
            cache.frames += f;
        }
        let [shift, scale] = &self.head_modulation;
        let x = x.layer_norm(None, EPS)?.modulate(&e.add(scale)?, &e.add(shift)?)?;
        let out = self.head.forward(&x)?; // [N, pt · ph · pw · out]
        Ok(out.unpatchify([self.config.out_channels, frames, height, width], self.config.patch)?)
    }
}
