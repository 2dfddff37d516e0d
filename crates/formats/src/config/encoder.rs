//! Hyper-parameters of BERT-type encoders, and how hidden states become one vector.

use super::keys::Keys;
use super::tensors::{Block, Check};
use super::{MAX_BLOCKS, MAX_CONTEXT, MAX_HEADS, MAX_WIDTH, architecture, vocabulary};
use crate::error::{FormatError, shown};
use crate::gguf::Gguf;

/// The one architecture of encoders that is read.
pub(super) const ARCHITECTURE: &str = "bert";

/// How the states of all tokens become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first token's.
    First,
    /// The last token's.
    Last,
}

/// The hyper-parameters of an encoder (Devlin et al. 2019), each within what a model can have.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// Number of blocks.
    pub n_layer: usize,
    /// Width of the residual stream.
    pub n_embd: usize,
    /// Hidden width of the feed-forward layer.
    pub n_ff: usize,
    /// Heads; divides the width.
    pub n_head: usize,
    /// Added to the variance in layer norms.
    pub eps: f32,
    /// Positions in the table: a text is at most so long.
    pub context: usize,
    /// Rows of the embedding table.
    pub vocab: usize,
    /// Rows of the table of segments; 0 where there is none.
    pub token_types: usize,
    /// How states become one vector.
    pub pooling: Pooling,
}

/// Whether a GGUF file holds an encoder.
pub fn is_encoder(gguf: &Gguf) -> bool {
    matches!(gguf.get_str("general.architecture"), Ok(Some(ARCHITECTURE)))
}

/// The pooling that a file asks for; `None` where it does not say. Numbers as in llama.cpp.
pub(super) fn pooling(keys: &Keys) -> Result<Option<Pooling>, FormatError> {
    const KEY: &str = "pooling_type";
    if !keys.has(KEY) {
        return Ok(None);
    }
    match keys.number(KEY, 0..=u32::MAX)? {
        0 => Ok(None),
        1 => Ok(Some(Pooling::Mean)),
        2 => Ok(Some(Pooling::First)),
        3 => Ok(Some(Pooling::Last)),
        4 => Err(FormatError::Unsupported {
            what: shown("a model that ranks pairs of texts"),
            hint: shown("Take an embedding model"),
        }),
        other => Err(keys.wrong(KEY, format!("{other} is no way of pooling"))),
    }
}

impl EncoderConfig {
    /// Reads the hyper-parameters and checks that the file has every tensor they call for, in the right shape.
    ///
    /// # Errors
    /// As [`TextConfig::read`](super::TextConfig::read).
    pub fn read(gguf: &Gguf) -> Result<Self, FormatError> {
        let arch = architecture(gguf)?;
        if arch != ARCHITECTURE {
            let (what, hint) = (shown(format!("the encoder architecture {arch}")), shown("Take a model of bert"));
            return Err(FormatError::Unsupported { what, hint });
        }
        let keys = Keys { gguf, arch };
        if gguf.get_bool(&keys.name("attention.causal"))?.unwrap_or(false) {
            return Err(keys.wrong("attention.causal", "an encoder sees all tokens".into()));
        }
        let n_embd = keys.number("embedding_length", 1..=MAX_WIDTH)?;
        let n_head = keys.number("attention.head_count", 1..=MAX_HEADS)?;
        if !n_embd.is_multiple_of(n_head) {
            return Err(keys.wrong("attention.head_count", format!("{n_head} does not divide the width {n_embd}")));
        }
        let rows = |name: &str| gguf.tensor_info(name).and_then(|info| info.shape.first().copied()).unwrap_or(0);
        let config = Self {
            n_layer: keys.number("block_count", 1..=MAX_BLOCKS)?,
            n_embd,
            n_ff: keys.number("feed_forward_length", 1..=MAX_WIDTH)?,
            n_head,
            eps: keys.float("attention.layer_norm_epsilon", None)?,
            context: keys.number("context_length", 1..=MAX_CONTEXT)?,
            vocab: vocabulary(gguf, &keys, n_embd)?,
            token_types: usize::try_from(rows("token_types.weight")).unwrap_or(usize::MAX),
            pooling: pooling(&keys)?.unwrap_or(Pooling::Mean),
        };
        config.check_tensors(gguf)?;
        Ok(config)
    }

    fn check_tensors(&self, gguf: &Gguf) -> Result<(), FormatError> {
        let (c, ff) = (self.n_embd, self.n_ff);
        let check = Check::new(gguf);
        check.needs("token_embd.weight", &[self.vocab, c])?;
        check.needs("position_embd.weight", &[self.context, c])?;
        check.may("token_types.weight", &[self.token_types, c])?;
        check.needs("token_embd_norm.weight", &[c])?;
        check.needs("token_embd_norm.bias", &[c])?;
        for i in 0..self.n_layer {
            let block = Block::new(&check, i);
            for (name, rows, columns) in [
                ("attn_q", c, c),
                ("attn_k", c, c),
                ("attn_v", c, c),
                ("attn_output", c, c),
                ("ffn_up", ff, c),
                ("ffn_down", c, ff),
            ] {
                block.needs(&format!("{name}.weight"), &[rows, columns])?;
                block.may(&format!("{name}.bias"), &[rows])?;
            }
            for name in ["attn_output_norm", "layer_output_norm"] {
                block.needs(&format!("{name}.weight"), &[c])?;
                block.needs(&format!("{name}.bias"), &[c])?;
            }
        }
        check.nothing_is_ignored()
    }
}
