//! Keys and values of the tokens read so far, in storage made once.

use kinora_formats::config::TextConfig;
use kinora_tensor::{Device, Persistent};

use crate::{ModelError, Result};

/// The memory of a conversation.
pub struct KvCache {
    layers: Vec<(Persistent, Persistent)>,
    len: usize,
    max_len: usize,
}

impl KvCache {
    pub(super) fn new(device: &Device, config: &TextConfig, max_len: usize) -> Result<Self> {
        let shape = [max_len, config.n_head_kv, config.head_dim];
        let pair = |_| Ok((Persistent::zeros(device, &shape)?, Persistent::zeros(device, &shape)?));
        Ok(Self { layers: (0..config.n_layer).map(pair).collect::<Result<_>>()?, len: 0, max_len })
    }

    /// Tokens read so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Tokens that fit in all.
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// Forgets all tokens but the first `n`.
    ///
    /// # Errors
    /// `Tensor` when fewer were read.
    pub fn truncate(&mut self, n: usize) -> Result<()> {
        for (keys, values) in &mut self.layers {
            keys.truncate(n)?;
            values.truncate(n)?;
        }
        self.len = n;
        Ok(())
    }

    pub(super) fn check_room(&self, tokens: usize) -> Result<()> {
        if tokens > self.max_len - self.len {
            return Err(ModelError::ContextFull { tokens, used: self.len, context: self.max_len });
        }
        Ok(())
    }

    pub(super) fn layer(&mut self, i: usize) -> Result<&mut (Persistent, Persistent)> {
        self.layers.get_mut(i).ok_or_else(|| ModelError::Config("the cache belongs to another model".into()))
    }

    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}
