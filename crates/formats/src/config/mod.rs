//! Hyper-parameters of text models, checked against each other and against the tensors before anything is loaded.

mod encoder;
mod family;
mod keys;
mod rope;
mod tensors;

use crate::error::{FormatError, shown};
use crate::gguf::{Gguf, MetaArray, MetaValue};
pub use encoder::{EncoderConfig, Pooling, is_encoder};
pub use family::{Activation, Family, Layer, LayerRope};
use keys::Keys;
pub use rope::{RopeConfig, RopeScaling};

const MAX_BLOCKS: u32 = 512;
const MAX_HEADS: u32 = 65_536;
const MAX_WIDTH: u32 = 1 << 20;
/// The longest context of a published model is 10 million tokens.
const MAX_CONTEXT: u32 = 1 << 24;
/// Tokens of a short convolution; published ones have three.
const MAX_CONV: u32 = 64;
const MAX_ARCHITECTURE: usize = 64;

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
    /// Rotary embedding.
    pub rope: RopeConfig,
    /// What each of the `n_layer` layers mixes tokens with.
    pub layers: Vec<Layer>,
    /// Tokens that a short convolution sees, the newest included; 0 where there is none.
    pub conv_len: usize,
    /// The gate's activation.
    pub activation: Activation,
    /// Factor of the embedded tokens.
    pub embedding_scale: f32,
    /// Factor of what attention and feed-forward add to the residual stream.
    pub residual_scale: f32,
    /// Factor of q·k.
    pub attention_scale: f32,
    /// Factor of the logits.
    pub logit_scale: f32,
    /// Attention logits are `cap · tanh(x / cap)` (Gemma 2).
    pub attention_softcap: Option<f32>,
    /// The same for the network's logits.
    pub logit_softcap: Option<f32>,
    /// Added to the mean square in RMS norms.
    pub eps: f32,
    /// Tokens the model was trained for. The caller bounds its cache itself.
    pub context: usize,
    /// Rows of the embedding table.
    pub vocab: usize,
    /// Whether the embedding table is the output matrix too.
    pub tied: bool,
    /// How the file wants states pooled, where it is an embedding model.
    pub pooling: Option<Pooling>,
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
    /// architectures, for types that are not computed with and for blocks with tensors that the family does not have,
    /// `Vocab` where tokens and embedding rows differ in number.
    pub fn read(gguf: &Gguf) -> Result<Self, FormatError> {
        let arch = architecture(gguf)?;
        let family = Family::from_architecture(arch).ok_or_else(|| FormatError::Unsupported {
            what: shown(format!("the architecture {arch}")),
            hint: shown(format!("Take a model of {}", Family::ARCHITECTURES)),
        })?;
        let keys = Keys { gguf, arch };
        if gguf.get_u32(&keys.name("expert_count"))?.unwrap_or(0) > 0 {
            let (what, hint) = (shown("a mixture of experts"), shown("Take a dense model"));
            return Err(FormatError::Unsupported { what, hint });
        }
        let n_layer = keys.number("block_count", 1..=MAX_BLOCKS)?;
        let n_embd = keys.number("embedding_length", 1..=MAX_WIDTH)?;
        let n_ff = keys.for_all("feed_forward_length", 1..=MAX_WIDTH, n_layer)?;
        let n_head = keys.for_all("attention.head_count", 1..=MAX_HEADS, n_layer)?;
        let (n_head_kv, attends) = kv_heads(&keys, family, n_layer, n_head)?;
        let head_dim = head_dim(&keys, n_embd, n_head)?;
        let context = gguf.get_u32(&keys.name("context_length"))?;
        if let Some(got) = context.filter(|c| *c > MAX_CONTEXT) {
            let what = shown(keys.name("context_length"));
            return Err(FormatError::Limit { at: 0, what, got: got.into(), max: MAX_CONTEXT.into() });
        }
        let context = keys.number("context_length", 1..=MAX_CONTEXT)?;
        let rope = RopeConfig::read(&keys, family, head_dim, context)?;
        let eps = keys.float("attention.layer_norm_rms_epsilon", None)?;
        let vocab = vocabulary(gguf, &keys, n_embd)?;
        let width_scale = if family.is_gemma() { (n_embd as f32).sqrt() } else { 1.0 };
        // Gemma 27B scales by the width of a head as if all heads filled the residual stream
        let scaled_dim = match (family, n_layer) {
            (Family::Gemma2, 46) | (Family::Gemma3, 62) => n_embd.checked_div(n_head).unwrap_or(head_dim),
            _ => head_dim,
        };
        let softcap = |key: &str, default: Option<f32>| {
            let gemma2 = default.filter(|_| family == Family::Gemma2);
            keys.float_or_none(key).map(|cap| cap.or(gemma2))
        };
        let config = Self {
            family,
            n_layer,
            n_embd,
            n_ff,
            n_head,
            n_head_kv,
            head_dim,
            rope,
            layers: layers(&keys, family, &attends)?,
            conv_len: if attends.contains(&false) { keys.number("shortconv.l_cache", 1..=MAX_CONV)? } else { 0 },
            activation: if family.is_gemma() { Activation::GeluTanh } else { Activation::Silu },
            embedding_scale: keys.float_or_none("embedding_scale")?.unwrap_or(width_scale),
            residual_scale: keys.float_or_none("residual_scale")?.unwrap_or(1.0),
            attention_scale: keys.float_or_none("attention.scale")?.unwrap_or((scaled_dim as f32).sqrt().recip()),
            logit_scale: keys.float_or_none("logit_scale")?.unwrap_or(1.0).recip(),
            attention_softcap: softcap("attn_logit_softcapping", Some(50.0))?,
            logit_softcap: softcap("final_logit_softcapping", Some(30.0))?,
            eps,
            context,
            vocab,
            tied: gguf.tensor_info("output.weight").is_none(),
            pooling: encoder::pooling(&keys)?,
        };
        config.check_tensors(gguf)?;
        Ok(config)
    }

    /// The tensor that norms the last hidden state; LFM2 has another name for it.
    pub fn output_norm_name(&self) -> &'static str {
        if self.family == Family::Lfm2 { "token_embd_norm.weight" } else { "output_norm.weight" }
    }
}

/// `general.architecture`.
fn architecture(gguf: &Gguf) -> Result<&str, FormatError> {
    let Some(arch) = gguf.get_str("general.architecture")? else {
        return Err(FormatError::config("general.architecture", "it is missing"));
    };
    if arch.len() > MAX_ARCHITECTURE {
        let (what, got) = (shown("the length of general.architecture"), arch.len() as u64);
        return Err(FormatError::Limit { at: 0, what, got, max: MAX_ARCHITECTURE as u64 });
    }
    Ok(arch)
}

/// Key and value heads of the layers that attend, and which layers do: no heads mean a short convolution.
fn kv_heads(keys: &Keys, family: Family, n_layer: usize, n_head: usize) -> Result<(usize, Vec<bool>), FormatError> {
    const KEY: &str = "attention.head_count_kv";
    if !keys.has(KEY) {
        return Ok((n_head, vec![true; n_layer]));
    }
    let least = if family == Family::Lfm2 { 0 } else { 1 };
    let counts = keys.per_layer(KEY, least..=MAX_HEADS, n_layer)?;
    let n_head_kv = counts.iter().copied().find(|n| *n > 0).unwrap_or(n_head);
    if counts.iter().any(|n| *n > 0 && *n != n_head_kv) {
        let (what, hint) = (shown("a model whose layers differ in their heads"), shown("Take another model"));
        return Err(FormatError::Unsupported { what, hint });
    }
    if !n_head.is_multiple_of(n_head_kv) {
        return Err(keys.wrong(KEY, format!("{n_head_kv} does not divide the {n_head} heads")));
    }
    Ok((n_head_kv, counts.iter().map(|n| *n > 0).collect()))
}

fn head_dim(keys: &Keys, n_embd: usize, n_head: usize) -> Result<usize, FormatError> {
    let head_dim = match n_embd.checked_div(n_head) {
        _ if keys.has("attention.key_length") => keys.number("attention.key_length", 1..=MAX_WIDTH)?,
        Some(dim) if n_embd.is_multiple_of(n_head) => dim,
        _ => return Err(keys.wrong("attention.head_count", format!("{n_head} does not divide the width {n_embd}"))),
    };
    let value_dim = keys.number_or("attention.value_length", 1..=MAX_WIDTH, head_dim)?;
    if value_dim != head_dim {
        return Err(keys.wrong("attention.value_length", format!("{value_dim} is not the key length {head_dim}")));
    }
    Ok(head_dim)
}

/// What each layer mixes tokens with.
fn layers(keys: &Keys, family: Family, attends: &[bool]) -> Result<Vec<Layer>, FormatError> {
    const PATTERN: &str = "attention.sliding_window_pattern";
    let default = if family == Family::Gemma2 { 4096 } else { 0 };
    let window = keys.number_or("attention.sliding_window", 0..=MAX_CONTEXT, default)?;
    let window = (window > 0).then_some(window);
    let slides: Vec<bool> = match keys.gguf.metadata(&keys.name(PATTERN)) {
        Some(MetaValue::Array(MetaArray::Bool(slides))) if slides.len() == attends.len() => slides.clone(),
        Some(MetaValue::Array(_)) => {
            return Err(keys.wrong(PATTERN, format!("it must hold a bool for each of the {} layers", attends.len())));
        }
        _ => {
            let period = keys.number_or(PATTERN, 0..=MAX_BLOCKS, family.window_period())?;
            (1..=attends.len()).map(|i| period == 0 || !i.is_multiple_of(period)).collect()
        }
    };
    // Granite's key says whether it has positions at all
    let rotates =
        keys.gguf.get_bool(&keys.name("rope.scaling.finetuned"))?.unwrap_or(true) || family != Family::Granite;
    let layer = |(i, (&attends, &slides)): (usize, (&bool, &bool))| {
        let window = window.filter(|_| slides);
        let rope = match family {
            Family::SmolLm3 if i.is_multiple_of(4) => LayerRope::None,
            Family::Granite if !rotates => LayerRope::None,
            Family::Gemma3 | Family::Olmo2 if window.is_some() => LayerRope::Local,
            _ => LayerRope::Global,
        };
        if attends { Layer::Attention { rope, window } } else { Layer::ShortConv }
    };
    Ok((1..).zip(attends.iter().zip(&slides)).map(layer).collect())
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
