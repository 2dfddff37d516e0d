//! A decoder of the Llama type, from GGUF: RMS norms, rotary positions, grouped heads, SwiGLU (Touvron et al. 2023).

mod block;
mod cache;
mod rope;

use kinora_formats::config::{Family, TextConfig};
use kinora_formats::{FormatError, GgufFile, TensorSource};
use kinora_tensor::{Device, Tensor};

use crate::{ModelError, Result, Weights};
use block::Block;
pub use cache::KvCache;
use rope::RopeTable;

/// A loaded decoder.
pub struct Llama {
    config: TextConfig,
    device: Device,
    token_embd: Tensor,
    blocks: Vec<Block>,
    output_norm: Tensor,
    /// `None` where the embedding table is the output matrix too.
    output: Option<Tensor>,
    rope: RopeTable,
}

impl Llama {
    /// Loads the network on `device`; matrices keep the file's block type.
    ///
    /// # Errors
    /// What [`TextConfig::read`] refuses, another family than Llama's, `OutOfMemory`.
    pub fn load(file: &GgufFile, device: &Device) -> Result<Self> {
        let config = TextConfig::read(file.gguf())?;
        if config.family != Family::Llama {
            let what = format!(
                "text models of the family {:?} are not run yet: take one of the llama architecture",
                config.family
            );
            return Err(ModelError::Config(what));
        }
        let w = Weights::new(file);
        let (vocab, width) = (config.vocab, config.n_embd);
        let factors = rope_factors(file, config.n_rot)?;
        Ok(Self {
            token_embd: w.get("token_embd.weight", &[vocab, width], device)?,
            blocks: (0..config.n_layer)
                .map(|i| Block::load(&w.pp(&format!("blk.{i}")), &config, device))
                .collect::<Result<_>>()?,
            output_norm: w.get("output_norm.weight", &[width], device)?,
            output: if config.tied { None } else { Some(w.get("output.weight", &[vocab, width], device)?) },
            rope: RopeTable::new(config.n_rot, config.rope_base, factors),
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

    /// An empty cache for `max_len` tokens.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn new_cache(&self, max_len: usize) -> Result<KvCache> {
        KvCache::new(&self.device, &self.config, max_len)
    }

    /// Logits [1, vocab] of what follows `tokens`, which join the cache.
    ///
    /// # Errors
    /// `ContextFull` when they do not fit, `Config` for a token outside the vocabulary or none at all.
    pub fn forward(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let x = self.trunk(tokens, cache, |_, _| Ok(()))?;
        self.logits(&x.narrow(0, tokens.len() - 1, 1)?)
    }

    /// Logits [T, vocab] after each of `tokens`. Errors as [`Self::forward`].
    pub fn forward_all(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let x = self.trunk(tokens, cache, |_, _| Ok(()))?;
        self.logits(&x)
    }

    /// Hidden states [T, width] for other networks to read: the mean of a middle and the last layer. Errors as
    /// [`Self::forward`].
    pub fn hidden_states(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let (middle, mut at_middle) = (self.config.n_layer / 2, None);
        let last = self.trunk(tokens, cache, |i, x| {
            if i == middle {
                at_middle = Some(x.clone());
            }
            Ok(())
        })?;
        match at_middle {
            Some(x) => Ok(x.add(&last)?.scale(0.5)?),
            None => Ok(last),
        }
    }

    /// The residual stream [T, width] after the last block; `seen` gets it after each block.
    fn trunk(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        mut seen: impl FnMut(usize, &Tensor) -> Result<()>,
    ) -> Result<Tensor> {
        cache.check_room(tokens.len())?;
        if let Some(bad) = tokens.iter().find(|&&t| t as usize >= self.config.vocab) {
            return Err(ModelError::Config(format!("token {bad} is outside the vocabulary of {}", self.config.vocab)));
        }
        if tokens.is_empty() {
            return Err(ModelError::Config("no tokens to read".into()));
        }
        let start = cache.len();
        let ids = Tensor::from_u32(&self.device, &[tokens.len()], tokens)?;
        let rope = self.rope.at(&self.device, start, tokens.len())?;
        let mut x = Tensor::embedding(&self.token_embd, &ids)?; // [T, C]
        for (i, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x, &rope, cache.layer(i)?, start)?;
            seen(i, &x)?;
        }
        cache.advance(tokens.len());
        Ok(x)
    }

    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.rms_norm(Some(&self.output_norm), self.config.eps)?;
        Ok(x.linear(self.output.as_ref().unwrap_or(&self.token_embd), None)?)
    }
}

/// Divisors of the rotary frequencies (llama 3's long-context scaling, as converters store it), or none.
fn rope_factors(file: &GgufFile, n_rot: usize) -> Result<Option<Vec<f32>>> {
    const NAME: &str = "rope_freqs.weight";
    if !file.has(NAME) {
        return Ok(None);
    }
    let factors = file.tensor(NAME)?.to_f32()?;
    if factors.len() != n_rot / 2 || !factors.iter().all(|f| f.is_finite() && *f > 0.0) {
        return Err(FormatError::config(NAME, format!("it needs {} positive factors", n_rot / 2)).into());
    }
    Ok(Some(factors))
}
