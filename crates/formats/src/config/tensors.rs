//! Whether a file has every tensor its hyper-parameters call for, in the right shape, and none that would be ignored.

use std::cell::RefCell;
use std::collections::HashSet;

use super::{Family, Layer, TextConfig};
use crate::error::{FormatError, shown};
use crate::gguf::{Gguf, TensorInfo};

impl TextConfig {
    pub(super) fn check_tensors(&self, gguf: &Gguf) -> Result<(), FormatError> {
        let c = self.n_embd;
        let check = Check::new(gguf);
        check.needs("token_embd.weight", &[self.vocab, c])?;
        check.needs(self.output_norm_name(), &[c])?;
        check.may("output.weight", &[self.vocab, c])?;
        for name in ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"] {
            check.may(name, &[self.rope.n_rot >> 1])?;
        }
        for (i, layer) in self.layers.iter().enumerate() {
            let block = Block::new(&check, i);
            match layer {
                Layer::Attention { .. } => self.check_attention(&block)?,
                Layer::ShortConv => {
                    block.needs("shortconv.in_proj.weight", &[c.saturating_mul(3), c])?;
                    block.needs("shortconv.conv.weight", &[c, self.conv_len])?;
                    block.needs("shortconv.out_proj.weight", &[c, c])?;
                }
            }
            self.check_feed_forward(&block)?;
            if self.family.has_pre_norms() {
                block.needs("attn_norm.weight", &[c])?;
                block.needs("ffn_norm.weight", &[c])?;
            }
            if self.family.has_post_norms() {
                block.needs("post_attention_norm.weight", &[c])?;
                block.needs("post_ffw_norm.weight", &[c])?;
            }
        }
        check.nothing_is_ignored()
    }

    fn check_attention(&self, block: &Block) -> Result<(), FormatError> {
        let width = |heads: usize| heads.saturating_mul(self.head_dim);
        let (q, kv, c) = (width(self.n_head), width(self.n_head_kv), self.n_embd);
        if block.has("attn_qkv.weight") {
            let all = kv.saturating_mul(2).saturating_add(q);
            block.needs("attn_qkv.weight", &[all, c])?;
            block.may("attn_qkv.bias", &[all])?;
        } else {
            for (name, rows) in [("attn_q", q), ("attn_k", kv), ("attn_v", kv)] {
                block.needs(&format!("{name}.weight"), &[rows, c])?;
                let bias = format!("{name}.bias");
                if self.family == Family::Qwen2 { block.needs(&bias, &[rows])? } else { block.may(&bias, &[rows])? }
            }
        }
        block.needs("attn_output.weight", &[c, q])?;
        block.may("attn_output.bias", &[c])?;
        match self.family {
            Family::Qwen3 | Family::Gemma3 | Family::Lfm2 => {
                block.needs("attn_q_norm.weight", &[self.head_dim])?;
                block.needs("attn_k_norm.weight", &[self.head_dim])
            }
            Family::Olmo2 => {
                block.needs("attn_q_norm.weight", &[q])?;
                block.needs("attn_k_norm.weight", &[kv])
            }
            _ => Ok(()),
        }
    }

    fn check_feed_forward(&self, block: &Block) -> Result<(), FormatError> {
        let (c, ff) = (self.n_embd, self.n_ff);
        if self.family == Family::Phi3 && !block.has("ffn_gate.weight") {
            block.needs("ffn_up.weight", &[ff.saturating_mul(2), c])?;
        } else {
            block.needs("ffn_gate.weight", &[ff, c])?;
            block.needs("ffn_up.weight", &[ff, c])?;
            block.may("ffn_gate.bias", &[ff])?;
            block.may("ffn_up.bias", &[ff])?;
        }
        block.needs("ffn_down.weight", &[c, ff])?;
        block.may("ffn_down.bias", &[c])
    }
}

pub(super) struct Check<'a> {
    gguf: &'a Gguf,
    /// Tensors that the network reads.
    known: RefCell<HashSet<String>>,
}

/// The tensors of one block.
pub(super) struct Block<'a> {
    check: &'a Check<'a>,
    prefix: String,
}

impl<'a> Block<'a> {
    pub fn new(check: &'a Check<'a>, i: usize) -> Self {
        Self { check, prefix: format!("blk.{i}.") }
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn has(&self, name: &str) -> bool {
        self.check.gguf.tensor_info(&self.path(name)).is_some()
    }

    pub fn needs(&self, name: &str, shape: &[usize]) -> Result<(), FormatError> {
        self.check.needs(&self.path(name), shape)
    }

    pub fn may(&self, name: &str, shape: &[usize]) -> Result<(), FormatError> {
        self.check.may(&self.path(name), shape)
    }
}

impl<'a> Check<'a> {
    pub fn new(gguf: &'a Gguf) -> Self {
        Self { gguf, known: RefCell::default() }
    }

    pub fn needs(&self, name: &str, shape: &[usize]) -> Result<(), FormatError> {
        let info = self.gguf.tensor_info(name).ok_or_else(|| FormatError::MissingTensor { name: shown(name) })?;
        self.known.borrow_mut().insert(name.to_string());
        Self::fits(info, shape)
    }

    pub fn may(&self, name: &str, shape: &[usize]) -> Result<(), FormatError> {
        if self.gguf.tensor_info(name).is_some() { self.needs(name, shape) } else { Ok(()) }
    }

    /// A block with a tensor that the network does not read would compute something else than its makers meant.
    pub fn nothing_is_ignored(&self) -> Result<(), FormatError> {
        let known = self.known.borrow();
        match self.gguf.tensors().find(|t| t.name.starts_with("blk.") && !known.contains(&t.name)) {
            None => Ok(()),
            Some(extra) => Err(FormatError::Unsupported {
                what: shown(format!("the tensor {}, which is no part of this architecture,", extra.name)),
                hint: shown("Take a plain conversion of the model"),
            }),
        }
    }

    fn fits(info: &TensorInfo, shape: &[usize]) -> Result<(), FormatError> {
        if !info.shape.iter().copied().eq(shape.iter().map(|&d| d as u64)) {
            return Err(FormatError::shape(&info.name, &info.shape, format!("{shape:?}")));
        }
        if info.ty.block().is_none() {
            let what = shown(format!("the type {} of {}", info.ty.name(), info.name));
            return Err(FormatError::Unsupported { what, hint: shown(crate::gguf::SUPPORTED_TYPES) });
        }
        Ok(())
    }
}
