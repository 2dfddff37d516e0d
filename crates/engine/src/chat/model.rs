//! The text model with its tokenizer, template and memory, as all chats of an engine share it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use kinora_formats::{ChatTemplate, GgufFile, TemplateFeatures, Tokenizer};
use kinora_models::text::{CacheType, Decoder};
use kinora_tensor::{Abort, Device};

use super::adapters::{Adapters, Loaded};
use super::event::TokenLogprob;
use super::memory::Memory;
use super::request::Prompt;
use crate::constrain::SharedVocabulary;
use crate::encoder::Embedding;
use crate::error::{Result, file_gone};
use crate::loading::TextLoading;
use crate::memory::{Budget, Held, TextOptions};

/// Loaded once, shared by all chats.
pub(crate) struct TextModel {
    pub llama: Decoder,
    pub tokenizer: Arc<Tokenizer>,
    pub(super) template: ChatTemplate,
    pub(super) features: TemplateFeatures,
    /// Spellings of control tokens, and what stands in their place where a person wrote them.
    pub(super) spellings: Vec<(String, String)>,
    /// Control tokens that do not end a text: they are never drawn.
    pub mute: Vec<u32>,
    /// Its tokens as grammars take them.
    pub vocabulary: SharedVocabulary,
    /// Tokens that a conversation and its answer may take together.
    pub context: usize,
    /// Bytes of the weights, as the file stores them.
    pub bytes: u64,
    pub about: About,
    options: TextOptions,
    pub(super) kind: CacheType,
    pub(super) budget: Rc<Budget>,
    _held: Option<Held>,
    /// Conversations that nobody goes on with at the moment, the newest last.
    pub(super) idle: RefCell<Vec<Memory>>,
    /// Adapters that requests may name.
    pub(super) loaded: RefCell<Loaded>,
    /// Those that are on.
    pub(super) adapters: RefCell<Adapters>,
    /// How often others were put on.
    pub(super) switches: Cell<u64>,
    /// To load it again where a GPU was lost; a CPU never is.
    pub file: Option<GgufFile>,
    /// What took its place then.
    successor: RefCell<Option<Rc<TextModel>>>,
}

/// What a model is.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub architecture: String,
    /// The block type of most weights.
    pub quantization: &'static str,
    pub parameters: u64,
}

impl TextModel {
    /// The model that was loaded to its end.
    ///
    /// # Errors
    /// `internal` before that.
    pub fn of(loading: TextLoading, file: &GgufFile, device: &Device) -> Result<Self> {
        let TextLoading { tokenizer, template, decoder, room } = loading;
        let llama = decoder.finish()?;
        let controls: Vec<u32> = (0..tokenizer.vocab_size() as u32).filter(|id| tokenizer.is_control(*id)).collect();
        let spelling = |id: &u32| {
            let text = std::str::from_utf8(tokenizer.token_bytes(*id)).ok()?;
            let first = text.chars().next().filter(|c| c.len_utf8() < text.len())?;
            Some((text.to_string(), format!("{first}\u{200b}{}", text.get(first.len_utf8()..)?)))
        };
        Ok(Self {
            spellings: controls.iter().filter_map(spelling).collect(),
            mute: controls.into_iter().filter(|id| !tokenizer.is_end(*id)).collect(),
            tokenizer,
            features: template.features(),
            template,
            bytes: room.weights,
            about: about(file)?,
            vocabulary: SharedVocabulary::default(),
            context: room.context,
            options: room.options,
            kind: room.kind,
            budget: room.budget,
            _held: room.held,
            idle: RefCell::new(Vec::new()),
            loaded: RefCell::default(),
            adapters: RefCell::default(),
            switches: Cell::default(),
            file: matches!(device, Device::Gpu(_)).then(|| file.clone()),
            successor: RefCell::default(),
            llama,
        })
    }

    /// The same model on another device.
    ///
    /// # Errors
    /// As [`Self::load`]; `device_lost` where its file is not at hand.
    pub fn load_again(&self, device: &Device) -> Result<Self> {
        let file = self.file.as_ref().ok_or_else(file_gone)?;
        Self::load(file, device, self.options, &self.budget)
    }

    /// A text as a vector: the pooled states, without adapters.
    ///
    /// # Errors
    /// `context_length_exceeded`, `invalid_request` for tokens that are none, `aborted`, `device_lost`.
    pub async fn embed(&self, input: &Prompt, abort: &Abort) -> Result<Embedding> {
        let device = self.llama.device();
        device.turn(abort).await?;
        let tokens = match input {
            Prompt::Text(text) => self.tokens(text)?,
            Prompt::Tokens(tokens) => tokens.clone(),
        };
        self.check_length(&tokens)?;
        self.adapt(&Adapters::default())?;
        let vector = self.llama.embed(&tokens).await?;
        device.reset_arena();
        Ok(Embedding { vector, tokens: tokens.len() })
    }

    /// How likely `token` is after these logits, and the `n` likeliest.
    pub fn logprob(&self, logits: &[f32], token: u32, n: usize) -> TokenLogprob {
        let most = logits.iter().copied().filter(|l| l.is_finite()).fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|l| f64::from(l - most).exp()).filter(|e| e.is_finite()).sum();
        let log = |l: f32| (f64::from(l - most) - sum.ln()) as f32;
        let mut top: Vec<(u32, f32)> = (0u32..).zip(logits.iter().copied()).filter(|(_, l)| l.is_finite()).collect();
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if n < top.len() {
            top.select_nth_unstable_by(n, order);
            top.truncate(n);
        }
        top.sort_unstable_by(order);
        let bytes = |id: u32| self.tokenizer.token_bytes(id).to_vec();
        TokenLogprob {
            bytes: bytes(token),
            logprob: logits.get(token as usize).map_or(f32::NEG_INFINITY, |l| log(*l)),
            top: top.into_iter().map(|(id, l)| (bytes(id), log(l))).collect(),
        }
    }

    /// Tokens with one of these in their text.
    pub fn holding(&self, texts: &[String]) -> Vec<u32> {
        let holds = |id: &u32| {
            let bytes = self.tokenizer.token_bytes(*id);
            texts.iter().any(|t| !t.is_empty() && bytes.windows(t.len()).any(|w| w == t.as_bytes()))
        };
        (0..self.tokenizer.vocab_size() as u32).filter(holds).collect()
    }

    /// How keys and values are kept.
    pub fn cache_type(&self) -> CacheType {
        self.kind
    }

    /// How products with the weights are computed.
    pub fn precision(&self, device: &Device) -> &'static str {
        match (device, self.about.quantization) {
            (Device::Cpu(_), "F32" | "F16" | "BF16") | (Device::Gpu(_), _) => "f32",
            (Device::Cpu(_), _) => "int8",
        }
    }

    /// The same model on another device, where its own was lost.
    pub fn successor(&self) -> Option<Rc<TextModel>> {
        self.successor.borrow().clone()
    }

    /// Lets answers that still run here find the model that took its place; what was kept here is gone with the device.
    pub fn set_successor(&self, again: &Rc<TextModel>) {
        again.loaded.borrow_mut().clone_from(&self.loaded.borrow());
        *self.successor.borrow_mut() = Some(again.clone());
        self.idle.borrow_mut().clear();
    }
}

pub(crate) fn about(file: &GgufFile) -> Result<About> {
    let gguf = file.gguf();
    let values = |t: &kinora_formats::gguf::TensorInfo| t.shape.iter().product::<u64>();
    let mut by_type: Vec<(&'static str, u64)> = Vec::new();
    for t in gguf.tensors() {
        match by_type.iter_mut().find(|(name, _)| *name == t.ty.name()) {
            Some((_, n)) => *n += values(t),
            None => by_type.push((t.ty.name(), values(t))),
        }
    }
    Ok(About {
        architecture: gguf.get_str("general.architecture")?.unwrap_or_default().to_string(),
        quantization: by_type.iter().max_by_key(|(_, n)| *n).map_or("", |(name, _)| *name),
        parameters: gguf.tensors().map(values).sum(),
    })
}
