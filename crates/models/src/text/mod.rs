//! A decoder from GGUF: one network for all families, with options from the file's metadata (Touvron et al. 2023 and its
//! descendants: RMS norms, rotary positions, grouped heads, gated feed-forward layers).

mod adapter;
mod attention;
mod block;
mod cache;
mod check;
mod conv;
mod embedding;
mod encoder;
mod linear;
mod loader;
mod rope;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::HashSet;

use kinora_formats::GgufFile;
use kinora_formats::config::TextConfig;
use kinora_tensor::{Abort, Device, LinearFused, Tensor};
use xxhash_rust::xxh3::Xxh3;

use crate::{ModelError, Result};
pub use adapter::Adapter;
use block::Block;
use cache::CHUNK;
pub use cache::{CacheType, KvCache, cache_bytes};
pub use encoder::Encoder;
use linear::Linear;
pub use loader::DecoderLoader;
use rope::{Rope, RopeTables};

/// Tokens of a prompt that stands for all when pipelines are compiled: more than the kernels for few rows take.
const WARM_PROMPT: usize = 32;
/// Turns between the blocks of one reading on a GPU.
const GPU_TURNS: usize = 4;
/// And of a short one: fewer than the kernels for many rows take.
const WARM_FEW: usize = 5;

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
    /// Whether blocks run in few launches: always, but for comparing.
    fused: bool,
    /// Whether all layers see all tokens, so that any number may be read at once.
    sees_all: bool,
    /// Of all that was loaded.
    fingerprint: u64,
    /// Of the adapters that are on.
    adapters: Cell<u64>,
}

impl Decoder {
    /// Loads the network on `device`; matrices keep the file's block type.
    ///
    /// # Errors
    /// What [`TextConfig::read`] refuses, `OutOfMemory`.
    pub fn load(file: &GgufFile, device: &Device) -> Result<Self> {
        let mut loader = DecoderLoader::new(file, device)?;
        while loader.needs().is_some() {
            loader.step()?;
        }
        loader.finish()
    }

    /// Whether blocks run as few fused operations, which is the default, or as the single ones that they are made of: the
    /// same values up to rounding, and a way to see which part is wrong where they differ.
    pub fn set_fused(&mut self, fused: bool) {
        self.fused = fused;
    }

    /// Whether blocks run fused: adapters stand between a product and what follows it.
    fn fuses(&self) -> bool {
        self.fused && self.adapters.get() == 0
    }

    /// Adds `adapters`, each times its weight, to the products, in place of those before; none switches all off. What caches
    /// hold was computed with the adapters before: truncate them to 0.
    ///
    /// # Errors
    /// `Config` for an adapter of a matrix that this decoder does not have, `Shape` for one of another size, `OutOfMemory`.
    /// Nothing changes then, but the last switches all off.
    pub fn set_adapters(&self, adapters: &[(&Adapter, f32)]) -> Result<()> {
        for (adapter, weight) in adapters {
            self.check_adapter(adapter)?;
            if !weight.is_finite() {
                return Err(ModelError::Input(format!("{weight} is no weight of an adapter")));
            }
        }
        let linears: Vec<&Linear> = self.linears().collect();
        if let Err(e) = linears.iter().try_for_each(|linear| linear.set_adapters(adapters)) {
            self.adapters.set(0);
            linears.iter().try_for_each(|linear| linear.set_adapters(&[]))?; // needs no memory
            return Err(e);
        }
        let mut hash = Xxh3::new();
        for (adapter, weight) in adapters {
            hash.update(&weight.to_le_bytes());
            for (name, pair) in adapter.pairs() {
                hash.update(name.as_bytes());
                [&pair.a, &pair.b].into_iter().flatten().for_each(|v| hash.update(&v.to_le_bytes()));
            }
        }
        self.adapters.set(if adapters.is_empty() { 0 } else { hash.digest() });
        Ok(())
    }

    /// Whether `adapter` can be put on.
    ///
    /// # Errors
    /// As [`Decoder::set_adapters`], naming the matrix.
    pub fn check_adapter(&self, adapter: &Adapter) -> Result<()> {
        let names: HashSet<&str> = self.linears().flat_map(Linear::matrices).collect();
        if let Some(unknown) = adapter.matrices().find(|name| !names.contains(name)) {
            return Err(ModelError::Config(format!(
                "the adapter changes {unknown}, which this model does not have or cannot adapt: take one made for it"
            )));
        }
        self.linears().try_for_each(|linear| linear.check_adapter(adapter))
    }

    /// All products with matrices that can be adapted.
    fn linears(&self) -> impl Iterator<Item = &Linear> {
        self.blocks.iter().flat_map(Block::linears).chain(&self.output)
    }

    /// Tells models apart, and the same model with other adapters: what a saved cache belongs to. It sees names, shapes,
    /// types, and the ends of the tensors outside of the blocks and in the first of them.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint ^ self.adapters.get()
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

    /// Compiles, ahead of the first token, what reading with caches of this kind and drawing need on a GPU. `progress`
    /// gets how many of how many pipelines are ready. Nothing to do on the CPU.
    ///
    /// # Errors
    /// `OutOfMemory`, `DeviceLost`.
    pub async fn warm_up(&self, kind: CacheType, progress: impl FnMut(usize, usize)) -> Result<()> {
        let Device::Gpu(gpu) = &self.device else { return Ok(()) };
        let compute = || {
            let mut cache = self.new_cache_in(2 * WARM_PROMPT, kind)?;
            self.forward(&[0; WARM_PROMPT], &mut cache)?;
            self.forward(&[0; WARM_FEW], &mut cache)?;
            let logits = self.forward(&[0], &mut cache)?;
            Ok::<_, ModelError>(logits.plan_sampling()?)
        };
        gpu.warm_up(compute, progress).await
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

    /// As [`Self::forward`], for a prompt: with turns for the page and looks at `abort` between the blocks. A GPU gets some
    /// blocks at once, because each turn is a submission.
    ///
    /// # Errors
    /// As [`Self::forward`]; `Aborted`: some layers have read then, so truncate the cache to the tokens that it counts.
    pub async fn forward_in_turns(&self, tokens: &[u32], cache: &mut KvCache, abort: &Abort) -> Result<Tensor> {
        self.check_read(tokens, cache)?;
        let blocks_a_turn = match self.device {
            Device::Cpu(_) => 1,
            Device::Gpu(_) => self.blocks.len().div_ceil(GPU_TURNS).max(1),
        };
        let mut last = None;
        for tokens in tokens.chunks(if self.sees_all { tokens.len() } else { CHUNK }) {
            let (mut x, rope) = self.embedded(tokens, cache)?;
            for (i, block) in self.blocks.iter().enumerate() {
                if i > 0 && i % blocks_a_turn == 0 {
                    self.device.turn(abort).await?;
                }
                x = self.block(i, block, &x, &rope, cache)?;
            }
            cache.advance(tokens.len());
            last = Some(x.narrow(0, x.rows() - 1, 1)?);
        }
        self.logits(&last.ok_or_else(no_tokens)?)
    }

    /// Logits [T, vocab] after each of `tokens`. Errors as [`Self::forward`].
    pub fn forward_all(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        self.logits(&self.residual(tokens, cache)?)
    }

    /// Hidden states [T, width] for other networks to read: the mean of a middle and the last layer. Errors as
    /// [`Self::forward`].
    pub fn hidden_states(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let (middle, mut at_middle, mut last) = (self.config.n_layer / 2 + 1, Vec::new(), Vec::new());
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
    /// residual stream [T, width] before the first block as 0 and after each block, `done` that after the last.
    fn read(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        mut seen: impl FnMut(usize, &Tensor) -> Result<()>,
        mut done: impl FnMut(Tensor) -> Result<()>,
    ) -> Result<()> {
        self.check_read(tokens, cache)?;
        for tokens in tokens.chunks(if self.sees_all { tokens.len() } else { CHUNK }) {
            let (mut x, rope) = self.embedded(tokens, cache)?;
            seen(0, &x)?;
            for (i, block) in self.blocks.iter().enumerate() {
                x = self.block(i, block, &x, &rope, cache)?;
                seen(i + 1, &x)?;
            }
            cache.advance(tokens.len());
            done(x)?;
        }
        Ok(())
    }

    fn check_read(&self, tokens: &[u32], cache: &KvCache) -> Result<()> {
        cache.check_room(tokens.len())?;
        check_tokens(tokens, self.config.vocab)
    }

    /// The residual stream [T, width] of `tokens` before the first block, and the rotations of their places.
    fn embedded(&self, tokens: &[u32], cache: &KvCache) -> Result<(Tensor, Rope)> {
        let ids = Tensor::from_u32(&self.device, &[tokens.len()], tokens)?;
        let rope = self.rope.at(&self.device, cache.len(), tokens.len(), cache.max_len())?;
        let x = Tensor::embedding(&self.token_embd, &ids)?; // [T, C]
        let scaled = self.config.embedding_scale != 1.0;
        Ok((if scaled { x.scale(self.config.embedding_scale)? } else { x }, rope))
    }

    fn block(&self, i: usize, block: &Block, x: &Tensor, rope: &Rope, cache: &mut KvCache) -> Result<Tensor> {
        let start = cache.len();
        let layer = cache.layer(i)?;
        if self.fuses() { block.fused(x, rope, layer, start) } else { block.forward(x, rope, layer, start) }
    }

    /// The last block's `x` [T, width], normed.
    fn normed(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.rms_norm(Some(&self.output_norm), self.config.eps)?)
    }

    /// `x` [T, width] → [T, vocab].
    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let norm = Some((&self.output_norm, self.config.eps));
        let logits = match &self.output {
            Some(output) if self.fuses() => output.fused(x, norm, None)?,
            Some(output) => output.forward(&self.normed(x)?)?,
            None => x.linear_fused(&self.token_embd, &LinearFused { norm, ..Default::default() })?,
        };
        let scaled = if self.config.logit_scale == 1.0 { logits } else { logits.scale(self.config.logit_scale)? };
        Ok(match self.config.logit_softcap {
            Some(cap) => scaled.scale(cap.recip())?.tanh()?.scale(cap)?,
            None => scaled,
        })
    }
}

/// Refuses no tokens and those outside a vocabulary of `vocab`.
fn check_tokens(tokens: &[u32], vocab: usize) -> Result<()> {
    match tokens.iter().find(|&&t| t as usize >= vocab) {
        Some(bad) => Err(ModelError::Config(format!("token {bad} is outside the vocabulary of {vocab}"))),
        None if tokens.is_empty() => Err(no_tokens()),
        None => Ok(()),
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
