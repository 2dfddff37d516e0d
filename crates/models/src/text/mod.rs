//! A decoder from GGUF: one network for all families, with options from the file's metadata (Touvron et al. 2023 and its
//! descendants: RMS norms, rotary positions, grouped heads, gated feed-forward layers).

mod attention;
mod block;
mod cache;
mod conv;
mod linear;
mod rope;

use kinora_formats::GgufFile;
use kinora_formats::config::{Layer, LayerRope, TextConfig};
use kinora_tensor::{Device, Tensor};

use crate::{ModelError, Result, Weights};
use block::Block;
use cache::CHUNK;
pub use cache::{CacheType, KvCache};
use linear::Linear;
use rope::RopeTables;

/// A loaded decoder.
pub struct Decoder {
    config: TextConfig,
    device: Device,
    token_embd: Tensor,
    blocks: Vec<Block>,
    output_norm: Tensor,
    /// `None` where the embedding table is the output matrix too.
    output: Option<Linear>,
    rope: RopeTables,
    /// Whether all layers see all tokens, so that any number may be read at once.
    sees_all: bool,
}

impl Decoder {
    /// Loads the network on `device`; matrices keep the file's block type.
    ///
    /// # Errors
    /// What [`TextConfig::read`] refuses, `OutOfMemory`.
    pub fn load(file: &GgufFile, device: &Device) -> Result<Self> {
        let config = TextConfig::read(file.gguf())?;
        let w = Weights::new(file);
        let (vocab, width) = (config.vocab, config.n_embd);
        let block = |(i, layer): (usize, &Layer)| Block::load(&w.pp(&format!("blk.{i}")), &config, *layer, device);
        let is = |wanted: fn(&Layer) -> bool| config.layers.iter().any(wanted);
        Ok(Self {
            token_embd: w.get("token_embd.weight", &[vocab, width], device)?,
            blocks: config.layers.iter().enumerate().map(block).collect::<Result<_>>()?,
            output_norm: w.get(config.output_norm_name(), &[width], device)?,
            output: if config.tied { None } else { Some(Linear::load(&w, "output", vocab, width, device)?) },
            rope: RopeTables::load(
                file,
                &config.rope,
                is(|l| matches!(l, Layer::Attention { rope: LayerRope::Local, .. })),
            )?,
            sees_all: !is(|l| matches!(l, Layer::ShortConv | Layer::Attention { window: Some(_), .. })),
            device: device.clone(),
            config,
        })
    }

    /// The network's sizes.
    pub fn config(&self) -> &TextConfig {
        &self.config
    }

    /// Where it runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// An empty cache for `max_len` tokens, in f32. For models with LongRoPE it also decides between their short and long
    /// frequencies: make it as long as the conversation may become, and no longer than the original context if it may not.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn new_cache(&self, max_len: usize) -> Result<KvCache> {
        self.new_cache_in(max_len, CacheType::F32)
    }

    /// As [`Self::new_cache`], with keys and values kept as `kind`.
    ///
    /// # Errors
    /// `OutOfMemory`, `Tensor` where the device or the heads do not allow that type.
    pub fn new_cache_in(&self, max_len: usize, kind: CacheType) -> Result<KvCache> {
        KvCache::new(&self.device, &self.config, max_len, kind)
    }

    /// Logits [1, vocab] of what follows `tokens`, which join the cache.
    ///
    /// # Errors
    /// `ContextFull` when they do not fit, `Config` for a token outside the vocabulary or none at all.
    pub fn forward(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let mut last = None;
        self.read(
            tokens,
            cache,
            |_, _| Ok(()),
            |x| {
                last = Some(x.narrow(0, x.rows() - 1, 1)?);
                Ok(())
            },
        )?;
        self.logits(&last.ok_or_else(no_tokens)?)
    }

    /// Logits [T, vocab] after each of `tokens`. Errors as [`Self::forward`].
    pub fn forward_all(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        self.logits(&self.residual(tokens, cache)?)
    }

    /// Hidden states [T, width] for other networks to read: the mean of a middle and the last layer. Errors as
    /// [`Self::forward`].
    pub fn hidden_states(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let (middle, mut at_middle, mut last) = (self.config.n_layer / 2, Vec::new(), Vec::new());
        let seen = |i: usize, x: &Tensor| {
            if i == middle {
                at_middle.push(x.clone());
            }
            Ok(())
        };
        self.read(tokens, cache, seen, |x| {
            last.push(x);
            Ok(())
        })?;
        Ok(joined(at_middle)?.add(&joined(last)?)?.scale(0.5)?)
    }

    /// The residual stream [T, width] after the last block.
    fn residual(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let mut parts = Vec::new();
        self.read(
            tokens,
            cache,
            |_, _| Ok(()),
            |x| {
                parts.push(x);
                Ok(())
            },
        )?;
        joined(parts)
    }

    /// Runs the blocks over `tokens`, at most [`CHUNK`] at a time where layers keep only their window. `seen` gets the
    /// residual stream [T, width] after each block, `done` that after the last.
    fn read(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        mut seen: impl FnMut(usize, &Tensor) -> Result<()>,
        mut done: impl FnMut(Tensor) -> Result<()>,
    ) -> Result<()> {
        cache.check_room(tokens.len())?;
        if let Some(bad) = tokens.iter().find(|&&t| t as usize >= self.config.vocab) {
            return Err(ModelError::Config(format!("token {bad} is outside the vocabulary of {}", self.config.vocab)));
        }
        if tokens.is_empty() {
            return Err(no_tokens());
        }
        for tokens in tokens.chunks(if self.sees_all { tokens.len() } else { CHUNK }) {
            let start = cache.len();
            let ids = Tensor::from_u32(&self.device, &[tokens.len()], tokens)?;
            let rope = self.rope.at(&self.device, start, tokens.len(), cache.max_len())?;
            let mut x = Tensor::embedding(&self.token_embd, &ids)?; // [T, C]
            if self.config.embedding_scale != 1.0 {
                x = x.scale(self.config.embedding_scale)?;
            }
            for (i, block) in self.blocks.iter().enumerate() {
                x = block.forward(&x, &rope, cache.layer(i)?, start)?;
                seen(i, &x)?;
            }
            cache.advance(tokens.len());
            done(x)?;
        }
        Ok(())
    }

    /// `x` [T, width] → [T, vocab].
    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.rms_norm(Some(&self.output_norm), self.config.eps)?;
        let logits = match &self.output {
            Some(output) => output.forward(&x)?,
            None => x.linear(&self.token_embd, None)?,
        };
        let scaled = if self.config.logit_scale == 1.0 { logits } else { logits.scale(self.config.logit_scale)? };
        Ok(match self.config.logit_softcap {
            Some(cap) => scaled.scale(cap.recip())?.tanh()?.scale(cap)?,
            None => scaled,
        })
    }
}

/// The parts of one reading, one after another.
fn joined(parts: Vec<Tensor>) -> Result<Tensor> {
    match &parts[..] {
        [one] => Ok(one.clone()),
        _ => Ok(Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)?),
    }
}

fn no_tokens() -> ModelError {
    ModelError::Config("no tokens to read".into())
}
