//! Hyper-parameters of text models, checked against each other and against the tensors before anything is loaded.

use crate::error::{FormatError, shown};
use crate::gguf::{Gguf, TensorInfo};

const MAX_BLOCKS: u32 = 512;
const MAX_HEADS: u32 = 65_536;
const MAX_WIDTH: u32 = 1 << 20;
/// The longest context of a published model is 10 million tokens.
const MAX_CONTEXT: u32 = 1 << 24;
const MAX_ARCHITECTURE: usize = 64;

/// Decoder families that differ in which tensors a block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Llama, Mistral, TinyLlama: RMS norm before attention and before a SwiGLU.
    Llama,
    /// As Llama, with biases on q, k and v.
    Qwen2,
    /// As Llama, with an RMS norm over each head of q and k.
    Qwen3,
    /// As Llama, some layers without rotary embedding.
    SmolLm3,
    /// As Llama, with multipliers.
    Granite,
    /// Norms after attention and SwiGLU instead of before, and over all of q and of k.
    Olmo2,
    /// Norms before and after, and over each head of q and k; a GeGLU.
    Gemma3,
}

impl Family {
    /// The family of `general.architecture`.
    pub fn from_architecture(name: &str) -> Option<Self> {
        Some(match name {
            "llama" => Self::Llama,
            "qwen2" => Self::Qwen2,
            "qwen3" => Self::Qwen3,
            "smollm3" => Self::SmolLm3,
            "granite" => Self::Granite,
            "olmo2" => Self::Olmo2,
            "gemma3" => Self::Gemma3,
            _ => return None,
        })
    }
}

/// The hyper-parameters of a decoder, each within what a model can have.
#[derive(Clone, Debug, PartialEq)]
pub struct TextConfig {
    /// Which tensors a block has.
    pub family: Family,
    /// Number of blocks.
    pub n_layer: usize,
    /// Width of the residual stream.
    pub n_embd: usize,
    /// Hidden width of the feed-forward layer.
    pub n_ff: usize,
    /// Query heads.
    pub n_head: usize,
    /// Key and value heads; divides `n_head`.
    pub n_head_kv: usize,
    /// Channels of a head.
    pub head_dim: usize,
    /// Channels of a head that are rotated; even, at most `head_dim`.
    pub n_rot: usize,
    /// Base of the rotary frequencies.
    pub rope_base: f32,
    /// Added to the mean square in RMS norms.
    pub eps: f32,
    /// Tokens the model was trained for. The caller bounds its cache itself.
    pub context: usize,
    /// Rows of the embedding table.
    pub vocab: usize,
    /// Whether the embedding table is the output matrix too.
    pub tied: bool,
}

/// Whether a GGUF file claims to be a text model, rather than tensors of something else.
pub fn is_text_model(gguf: &Gguf) -> bool {
    gguf.tensor_info("token_embd.weight").is_some()
        || gguf.metadata_iter().any(|(key, _)| key.ends_with(".block_count"))
}

impl TextConfig {
    /// Reads the hyper-parameters and checks that the file has every tensor they call for, in the right shape.
    ///
    /// # Errors
    /// `Config`, `Type` or `Limit` for hyper-parameters, `MissingTensor` and `Shape` for tensors, `Unsupported` for other
    /// architectures and for types that are not computed with, `Vocab` where tokens and embedding rows differ in number.
    pub fn read(gguf: &Gguf) -> Result<Self, FormatError> {
        let Some(arch) = gguf.get_str("general.architecture")? else {
            return Err(FormatError::config("general.architecture", "it is missing"));
        };
        if arch.len() > MAX_ARCHITECTURE {
            let (what, got) = (shown("the length of general.architecture"), arch.len() as u64);
            return Err(FormatError::Limit { at: 0, what, got, max: MAX_ARCHITECTURE as u64 });
        }
        let family = Family::from_architecture(arch).ok_or_else(|| FormatError::Unsupported {
            what: shown(format!("the architecture {arch}")),
            hint: shown("Take a model of llama, qwen2, qwen3, smollm3, granite, olmo2 or gemma3"),
        })?;
        let keys = Keys { gguf, arch };
        if gguf.get_u32(&keys.name("expert_count"))?.unwrap_or(0) > 0 {
            let (what, hint) = (shown("a mixture of experts"), shown("Take a dense model"));
            return Err(FormatError::Unsupported { what, hint });
        }
        let n_layer = keys.number("block_count", 1..=MAX_BLOCKS)?;
        let n_embd = keys.number("embedding_length", 1..=MAX_WIDTH)?;
        let n_ff = keys.number("feed_forward_length", 1..=MAX_WIDTH)?;
        let n_head = keys.number("attention.head_count", 1..=MAX_HEADS)?;
        let n_head_kv = keys.number_or("attention.head_count_kv", 1..=MAX_HEADS, n_head)?;
        if !n_head.is_multiple_of(n_head_kv) {
            return Err(
                keys.wrong("attention.head_count_kv", format!("{n_head_kv} does not divide the {n_head} heads"))
            );
        }
        let head_dim = match gguf.get_u32(&keys.name("attention.key_length"))? {
            Some(_) => keys.number("attention.key_length", 1..=MAX_WIDTH)?,
            None if n_embd.is_multiple_of(n_head) => n_embd.checked_div(n_head).unwrap_or_default(),
            None => {
                return Err(keys.wrong("attention.head_count", format!("{n_head} does not divide the width {n_embd}")));
            }
        };
        let value_dim = keys.number_or("attention.value_length", 1..=MAX_WIDTH, head_dim)?;
        if value_dim != head_dim {
            return Err(keys.wrong("attention.value_length", format!("{value_dim} is not the key length {head_dim}")));
        }
        let n_rot = keys.number_or("rope.dimension_count", 1..=MAX_WIDTH, head_dim)?;
        if !n_rot.is_multiple_of(2) || n_rot > head_dim {
            return Err(
                keys.wrong("rope.dimension_count", format!("{n_rot} is odd or more than the head size {head_dim}"))
            );
        }
        let context = gguf.get_u32(&keys.name("context_length"))?;
        if let Some(got) = context.filter(|c| *c > MAX_CONTEXT) {
            let what = shown(keys.name("context_length"));
            return Err(FormatError::Limit { at: 0, what, got: got.into(), max: MAX_CONTEXT.into() });
        }
        let context = keys.number("context_length", 1..=MAX_CONTEXT)?;
        let rope_base = keys.float("rope.freq_base", Some(10_000.0))?;
        let eps = keys.float("attention.layer_norm_rms_epsilon", None)?;
        let vocab = vocabulary(gguf, &keys, n_embd)?;
        let tied = gguf.tensor_info("output.weight").is_none();
        let config = Self {
            family,
            n_layer,
            n_embd,
            n_ff,
            n_head,
            n_head_kv,
            head_dim,
            n_rot,
            rope_base,
            eps,
            context,
            vocab,
            tied,
        };
        config.check_tensors(gguf)?;
        Ok(config)
    }

    fn check_tensors(&self, gguf: &Gguf) -> Result<(), FormatError> {
        let width = |heads: usize| heads.saturating_mul(self.head_dim);
        let (q, kv, c, ff) = (width(self.n_head), width(self.n_head_kv), self.n_embd, self.n_ff);
        let check = Check { gguf };
        check.needs("token_embd.weight", &[self.vocab, c])?;
        check.needs("output_norm.weight", &[c])?;
        check.may("output.weight", &[self.vocab, c])?;
        check.may("rope_freqs.weight", &[self.n_rot >> 1])?;
        for i in 0..self.n_layer {
            let needs = |name: &str, shape: &[usize]| check.needs(&format!("blk.{i}.{name}"), shape);
            let may = |name: &str, shape: &[usize]| check.may(&format!("blk.{i}.{name}"), shape);
            needs("attn_q.weight", &[q, c])?;
            needs("attn_k.weight", &[kv, c])?;
            needs("attn_v.weight", &[kv, c])?;
            needs("attn_output.weight", &[c, q])?;
            needs("ffn_gate.weight", &[ff, c])?;
            needs("ffn_up.weight", &[ff, c])?;
            needs("ffn_down.weight", &[c, ff])?;
            let bias =
                |name: &str, n: usize| if self.family == Family::Qwen2 { needs(name, &[n]) } else { may(name, &[n]) };
            bias("attn_q.bias", q)?;
            bias("attn_k.bias", kv)?;
            bias("attn_v.bias", kv)?;
            if self.family != Family::Olmo2 {
                needs("attn_norm.weight", &[c])?;
                needs("ffn_norm.weight", &[c])?;
            }
            if matches!(self.family, Family::Olmo2 | Family::Gemma3) {
                needs("post_attention_norm.weight", &[c])?;
                needs("post_ffw_norm.weight", &[c])?;
            }
            match self.family {
                Family::Qwen3 | Family::Gemma3 => {
                    needs("attn_q_norm.weight", &[self.head_dim])?;
                    needs("attn_k_norm.weight", &[self.head_dim])?;
                }
                Family::Olmo2 => {
                    needs("attn_q_norm.weight", &[q])?;
                    needs("attn_k_norm.weight", &[kv])?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Rows of the embedding table, which must agree with everything that counts tokens.
fn vocabulary(gguf: &Gguf, keys: &Keys, n_embd: usize) -> Result<usize, FormatError> {
    let name = "token_embd.weight";
    let info = gguf.tensor_info(name).ok_or_else(|| FormatError::MissingTensor { name: shown(name) })?;
    let [rows, columns] = *info.shape.as_slice() else {
        return Err(FormatError::shape(name, &info.shape, "two dimensions"));
    };
    if columns != n_embd as u64 {
        return Err(keys.wrong("embedding_length", format!("it says {n_embd}, and {name} has {columns} columns")));
    }
    if let Some(tokens) = gguf.get_strs("tokenizer.ggml.tokens")?
        && tokens.len() as u64 != rows
    {
        let message = shown(format!("{} tokens, and {name} has {rows} rows", tokens.len()));
        return Err(FormatError::Vocab { message });
    }
    if let Some(n) = gguf.get_u32(&keys.name("vocab_size"))?
        && u64::from(n) != rows
    {
        return Err(keys.wrong("vocab_size", format!("it says {n}, and {name} has {rows} rows")));
    }
    usize::try_from(rows).map_err(|_| FormatError::Overflow { at: info.offset, what: shown(name) })
}

struct Keys<'a> {
    gguf: &'a Gguf,
    arch: &'a str,
}

impl Keys<'_> {
    fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.arch)
    }

    fn wrong(&self, key: &str, message: String) -> FormatError {
        FormatError::config(self.name(key), message)
    }

    fn number(&self, key: &str, range: std::ops::RangeInclusive<u32>) -> Result<usize, FormatError> {
        match self.gguf.get_u32(&self.name(key))? {
            None => Err(self.wrong(key, "it is missing".into())),
            Some(n) if range.contains(&n) => Ok(n as usize),
            Some(n) => Err(self.wrong(key, format!("{n} is not between {} and {}", range.start(), range.end()))),
        }
    }

    fn number_or(&self, key: &str, range: std::ops::RangeInclusive<u32>, default: usize) -> Result<usize, FormatError> {
        if self.gguf.metadata(&self.name(key)).is_none() { Ok(default) } else { self.number(key, range) }
    }

    /// A positive, finite float.
    fn float(&self, key: &str, default: Option<f32>) -> Result<f32, FormatError> {
        match self.gguf.get_f32(&self.name(key))?.or(default) {
            None => Err(self.wrong(key, "it is missing".into())),
            Some(x) if x.is_finite() && x > 0.0 => Ok(x),
            Some(x) => Err(self.wrong(key, format!("{x} is not a positive number"))),
        }
    }
}

struct Check<'a> {
    gguf: &'a Gguf,
}

impl Check<'_> {
    fn needs(&self, name: &str, shape: &[usize]) -> Result<(), FormatError> {
        let info = self.gguf.tensor_info(name).ok_or_else(|| FormatError::MissingTensor { name: shown(name) })?;
        Self::fits(info, shape)
    }

    fn may(&self, name: &str, shape: &[usize]) -> Result<(), FormatError> {
        self.gguf.tensor_info(name).map_or(Ok(()), |info| Self::fits(info, shape))
    }

    fn fits(info: &TensorInfo, shape: &[usize]) -> Result<(), FormatError> {
        if !info.shape.iter().copied().eq(shape.iter().map(|&d| d as u64)) {
            return Err(FormatError::shape(&info.name, &info.shape, format!("{shape:?}")));
        }
        if info.ty.block().is_none() {
            let what = shown(format!("the type {} of {}", info.ty.name(), info.name));
            return Err(FormatError::Unsupported {
                what,
                hint: shown("Take a file in F32, F16, BF16, Q8_0, Q4_0 to Q5_1, Q2_K to Q6_K, IQ4_NL or IQ4_XS"),
            });
        }
        Ok(())
    }
}
