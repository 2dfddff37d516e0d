//! Memory: what a text model takes, and what the CPU has left of it.

use std::cell::Cell;
use std::rc::Rc;

use kinora_formats::config::{EncoderConfig, TextConfig};
use kinora_formats::{FormatError, Gguf};
use kinora_models::text::{CacheType, cache_bytes};
use serde::Serialize;

use crate::{Device, EngineError, Kind, error::Result};

/// Bytes that one conversation's keys and values take where nobody says how long it may be: the context is shortened to fit.
pub(crate) const MAX_CACHE: u64 = 512 << 20;
/// Above this many bytes for the whole context, keys and values are kept in 16 bits.
const LARGE_CACHE: u64 = 64 << 20;
/// Tokens that are read in one pass: enough to keep all threads busy.
pub(crate) const PASS: usize = 128;
/// The engine itself with its embedded models, as a page measures it.
const ENGINE: u64 = 48 << 20;
/// Tables of the tokenizer for each token.
const TOKEN: u64 = 128;

/// How a text model is loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Tokens that a conversation and its answer may take together. Where left out, as many as the model was trained for and
    /// 512 MiB of keys and values hold.
    pub context: Option<usize>,
    /// How keys and values are kept. Where left out, exactly in short contexts and as f16 in long ones.
    pub kv_cache: Option<CacheType>,
}

/// What a text model takes in memory, in bytes, before anything of it but its header is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// The weights, as the file stores them.
    pub weights: u64,
    /// Keys and values of one conversation of `context` tokens.
    pub cache: u64,
    /// What a pass works in, and the tokenizer's tables.
    pub scratch: u64,
    /// The engine itself.
    pub engine: u64,
    /// All of these.
    pub total: u64,
    /// Tokens that a conversation may have then.
    pub context: usize,
    /// How its keys and values are kept: `f32`, `f16` or `q8_0`.
    pub kv_cache: &'static str,
    /// Tokens of the longest conversation that fits, 0 where the weights do not.
    pub largest_context: usize,
    /// What there is, where that is known.
    pub memory: Option<u64>,
    /// Whether `total` fits.
    pub fits: bool,
}

impl Estimate {
    /// For a GGUF file of this header, where there are `memory` bytes. `others`: bytes of the other parts of a split file.
    ///
    /// # Errors
    /// What the engine does not run, and why. A split file whose first part does not say it has no cache and no scratch, nor has
    /// an adapter.
    pub fn of(gguf: &Gguf, options: &TextOptions, memory: Option<u64>, others: u64) -> Result<Self> {
        let weights = gguf.tensors().map(|t| t.bytes).sum::<u64>() + others;
        let (mut context, mut kv_cache, mut largest, mut cache, mut scratch) = (0, CacheType::F32, 0, 0, 0);
        match Kind::of(gguf)? {
            Kind::Adapter => {}
            Kind::Encoder => {
                let config = EncoderConfig::read(gguf)?;
                (context, largest, scratch) = (config.context, config.context, encoder_scratch(&config));
            }
            Kind::Text => {
                if let Some(config) = text_config(gguf)? {
                    let plan = CachePlan::new(&config, options)?;
                    (context, kv_cache) = (plan.context, plan.kind);
                    cache = cache_bytes(&config, context, kv_cache);
                    scratch = text_scratch(&config);
                    let free = memory.map_or(u64::MAX, |memory| memory.saturating_sub(weights + scratch + ENGINE));
                    largest = largest_context(&config, kv_cache, free);
                }
            }
        }
        let total = weights + cache + scratch + ENGINE;
        let fits = memory.is_none_or(|memory| total <= memory);
        let (engine, kv_cache) = (ENGINE, kv_cache.name());
        Ok(Self { weights, cache, scratch, engine, total, context, kv_cache, largest_context: largest, memory, fits })
    }
}

/// The hyper-parameters of a text model; `None` for the first part of a split file that does not have all tensors.
///
/// # Errors
/// What the engine does not run, and why.
pub(crate) fn text_config(gguf: &Gguf) -> Result<Option<TextConfig>, FormatError> {
    // The first part has the hyper-parameters and not all tensors: those are checked when it is loaded.
    let split = gguf.get_u32("split.count")?.unwrap_or(1) > 1;
    match TextConfig::read(gguf) {
        Err(e) if split && !matches!(e, FormatError::Unsupported { .. }) => Ok(None),
        read => read.map(Some),
    }
}

/// What a pass over [`PASS`] tokens works in, and the tokenizer's tables.
pub(crate) fn text_scratch(c: &TextConfig) -> u64 {
    // the residual stream and what is added to it, gate and up, queries, keys and values before and after their rotation
    let row = 3 * c.n_embd + 2 * c.n_ff + 2 * (c.n_head + 2 * c.n_head_kv) * c.head_dim;
    size_of::<f32>() as u64 * (PASS * row + 3 * c.vocab) as u64 + c.vocab as u64 * TOKEN
}

/// The same for a text of the longest that an encoder reads.
pub(crate) fn encoder_scratch(c: &EncoderConfig) -> u64 {
    size_of::<f32>() as u64 * (c.context * (6 * c.n_embd + c.n_ff)) as u64 + c.vocab as u64 * TOKEN
}

/// How long conversations may be, and how their keys and values are kept.
pub(crate) struct CachePlan {
    pub context: usize,
    pub kind: CacheType,
}

impl CachePlan {
    /// # Errors
    /// `invalid_request` for a type that the heads of the model do not allow, or a context of no tokens.
    pub fn new(config: &TextConfig, options: &TextOptions) -> Result<Self> {
        let wanted = options.context.unwrap_or(config.context).min(config.context);
        if wanted == 0 {
            return Err(EngineError::invalid_request("load", "a context of 0 tokens holds no conversation"));
        }
        let small = || cache_bytes(config, wanted, CacheType::F32) <= LARGE_CACHE;
        let kind = options.kv_cache.unwrap_or_else(|| if small() { CacheType::F32 } else { CacheType::F16 });
        if !kind.fits(config.head_dim) {
            let message = format!("keys of {} channels cannot be kept as {}", config.head_dim, kind.name());
            return Err(EngineError::invalid_request("load", message).hint("Take f16."));
        }
        let context = match options.context {
            Some(_) => wanted,
            None => largest_context(config, kind, MAX_CACHE).clamp(1, wanted),
        };
        Ok(Self { context, kind })
    }
}

/// Tokens of the longest conversation whose keys and values take no more than `bytes`.
pub(crate) fn largest_context(config: &TextConfig, kind: CacheType, bytes: u64) -> usize {
    let (mut fits, mut over) = (0, config.context + 1);
    while over - fits > 1 {
        let middle = fits + (over - fits) / 2;
        if cache_bytes(config, middle, kind) <= bytes {
            fits = middle;
        } else {
            over = middle;
        }
    }
    fits
}

/// The memory of the CPU that models share.
#[derive(Default)]
pub(crate) struct Budget {
    limit: Cell<Option<u64>>,
    used: Cell<u64>,
}

/// A part of it, given back when it is dropped.
pub(crate) struct Held {
    budget: Rc<Budget>,
    bytes: u64,
}

impl Budget {
    pub fn set_limit(&self, limit: Option<u64>) {
        self.limit.set(limit);
    }

    /// Bytes that are left.
    pub fn free(&self) -> u64 {
        self.limit.get().map_or(u64::MAX, |limit| limit.saturating_sub(self.used.get()))
    }

    /// Takes `bytes` where so many are left.
    pub fn hold(self: &Rc<Self>, bytes: u64) -> Option<Held> {
        (bytes <= self.free()).then(|| {
            self.used.set(self.used.get() + bytes);
            Held { budget: self.clone(), bytes }
        })
    }

    /// Takes what a model needs beside its conversations, where it runs on the CPU.
    ///
    /// # Errors
    /// `out_of_memory` with the numbers.
    pub fn hold_model(self: &Rc<Self>, device: &Device, bytes: u64) -> Result<Option<Held>> {
        if matches!(device, Device::Gpu(_)) {
            return Ok(None);
        }
        let free = self.free();
        self.hold(bytes).map(Some).ok_or_else(|| {
            let message = format!("the model needs {} of memory, and {} are free", megabytes(bytes), megabytes(free));
            EngineError::new("out_of_memory", "load", message)
                .hint("Unload other models, or take a smaller one or one with fewer bits a weight.")
                .detail("need", bytes)
                .detail("free", free)
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.used.set(self.budget.used.get() - self.bytes);
    }
}

/// `12.3 MB`
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use kinora_formats::GgufFile;

    use super::*;
    use crate::chat::tests::{heat, run, tiny_adapter, tiny_encoder, tiny_model};
    use crate::chat::{ChatRequest, Message};
    use crate::{Engine, ModelFiles};

    /// Keys and values of a token of the tiny model: 2 layers, 2 heads of 8 channels, in f32.
    const TOKEN_CACHE: u64 = 2 * 2 * 2 * 8 * 4;

    fn file(context: u32) -> GgufFile {
        GgufFile::from_bytes(tiny_model(context, 3)).unwrap()
    }

    fn engine(memory: Option<u64>) -> Engine {
        let engine = Engine::load(ModelFiles::default(), Device::cpu(1)).unwrap();
        engine.set_memory_limit(memory);
        engine
    }

    fn options(context: Option<usize>, kv_cache: Option<CacheType>) -> TextOptions {
        TextOptions { context, kv_cache }
    }

    fn say(engine: &Engine, words: usize) -> Result<String> {
        let messages = vec![Message::user("ab ".repeat(words))];
        let model = Some("tiny".to_string());
        let asked = ChatRequest { model, messages, max_tokens: Some(8), sampling: heat(1.0), ..Default::default() };
        run(engine, asked).map(|(text, ..)| text)
    }

    #[test]
    fn an_estimate_is_what_the_model_then_takes() {
        let file = file(2048);
        for (context, kind, bytes) in [
            (None, None, 2048 * TOKEN_CACHE),
            (Some(300), None, 300 * TOKEN_CACHE),
            (Some(9999), Some(CacheType::F16), 1024 * TOKEN_CACHE),
        ] {
            let told = Engine::estimate(file.gguf(), &options(context, kind), None, 0).unwrap();
            let engine = engine(None);
            engine.add_text_model("tiny", &file, options(context, kind)).unwrap();
            let info = &engine.models()[0];
            assert_eq!((told.weights, told.context, Some(told.kv_cache)), (info.bytes, info.context, info.kv_cache));
            assert_eq!((told.cache, told.largest_context), (bytes, 2048));
            assert_eq!(told.total, told.weights + told.cache + told.scratch + told.engine);
            say(&engine, 20).unwrap();
            let kept = engine.text(Some("tiny")).unwrap().kept_bytes();
            assert!(kept > 0 && kept <= told.cache, "{kept} {told:?}");
        }
        let all = Engine::estimate(file.gguf(), &options(None, None), None, 0).unwrap();
        let tight = Some(all.total - 1024 * TOKEN_CACHE);
        let told = Engine::estimate(file.gguf(), &options(None, None), tight, 0).unwrap();
        assert_eq!((told.fits, told.largest_context), (false, 1024));
        assert!(Engine::estimate(file.gguf(), &options(Some(1024), None), tight, 0).unwrap().fits);
        let none = Engine::estimate(file.gguf(), &options(None, None), Some(1000), 0).unwrap();
        assert_eq!((none.fits, none.largest_context), (false, 0));
    }

    #[test]
    fn encoders_and_adapters_are_told_apart_and_take_no_cache() {
        let bert = tiny_encoder();
        let style = tiny_adapter("llama", "blk.0.ffn_down", [32, 64], 0.5);
        for (file, kind) in [(&bert, Kind::Encoder), (&style, Kind::Adapter), (&file(256), Kind::Text)] {
            let about = crate::TextSummary::of(file.gguf()).unwrap();
            let told = Engine::estimate(file.gguf(), &options(None, None), None, 0).unwrap();
            assert_eq!((about.kind, told.cache > 0), (kind, kind == Kind::Text));
            assert_eq!(told.weights, file.gguf().tensors().map(|t| t.bytes).sum::<u64>());
        }
        let told = Engine::estimate(bert.gguf(), &options(None, None), None, 0).unwrap();
        let add = |memory| engine(Some(memory)).add_text_model("bert", &bert, options(None, None));
        assert_eq!(add(told.weights).unwrap_err().code, "out_of_memory");
        add(told.total).unwrap();
    }

    #[test]
    fn a_type_that_the_heads_do_not_allow_is_refused() {
        for wrong in [options(None, Some(CacheType::Q8_0)), options(Some(0), None)] {
            let refused = engine(None).add_text_model("tiny", &file(256), wrong).unwrap_err();
            assert_eq!(refused.code, "invalid_request");
            assert_eq!(Engine::estimate(file(256).gguf(), &wrong, None, 0).unwrap_err().code, "invalid_request");
        }
    }

    #[test]
    fn a_context_that_does_not_fit_is_refused_with_the_largest_that_does() {
        let told = Engine::estimate(file(2048).gguf(), &options(None, None), None, 0).unwrap();
        let memory = told.weights + told.scratch + 1000 * TOKEN_CACHE;
        let engine = engine(Some(memory));
        let refused = engine.add_text_model("tiny", &file(2048), options(Some(2048), None)).unwrap_err();
        assert_eq!((refused.code, refused.details["context"]), ("out_of_memory", 1000), "{refused}");
        assert!(refused.message.contains("at most 1000 tokens"), "{refused}");
        assert!(refused.hint.unwrap().contains("context of 1000 tokens"));
        engine.add_text_model("tiny", &file(2048), options(Some(1000), None)).unwrap();
        // where nobody says how long, as long as there is room
        engine.add_text_model("tiny", &file(2048), options(None, None)).unwrap();
        assert_eq!(engine.models()[0].context, 1000);
        say(&engine, 300).unwrap();
        engine.set_memory_limit(Some(told.weights));
        let refused = engine.add_text_model("other", &file(2048), options(None, None)).unwrap_err();
        assert_eq!((refused.code, refused.details["free"]), ("out_of_memory", 0), "{refused}");
    }

    #[test]
    fn a_conversation_that_outgrows_the_memory_is_told_how_long_it_may_be_and_others_go_on() {
        let told = Engine::estimate(file(2048).gguf(), &options(None, None), None, 0).unwrap();
        let engine = engine(None);
        engine.add_text_model("tiny", &file(2048), options(None, None)).unwrap();
        engine.set_memory_limit(Some(told.weights + told.scratch + 520 * TOKEN_CACHE));
        let short = say(&engine, 20).unwrap();
        let refused = say(&engine, 500).unwrap_err();
        assert_eq!((refused.code, refused.details["context"]), ("out_of_memory", 520), "{refused}");
        assert_eq!(say(&engine, 20).unwrap(), short);
        // the kept conversation makes room for one that needs all of it
        say(&engine, 160).unwrap();
        engine.set_memory_limit(None);
        say(&engine, 500).unwrap();
    }

    #[test]
    fn what_is_dropped_is_given_back() {
        let told = Engine::estimate(file(512).gguf(), &options(None, None), None, 0).unwrap();
        let engine = engine(Some(told.total));
        for _ in 0..3 {
            engine.add_text_model("tiny", &file(512), options(None, None)).unwrap();
            say(&engine, 20).unwrap();
        }
        engine.remove_text_model("tiny");
        engine.add_text_model("other", &file(512), options(Some(512), None)).unwrap();
    }
}
