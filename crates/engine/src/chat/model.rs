//! The text model with its tokenizer, template and memory, as all chats of an engine share it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use kinora_formats::config::TextConfig;
use kinora_formats::{ChatTemplate, GgufFile, RenderInput, TemplateFeatures, Tokenizer, ToolDialect};
use kinora_models::text::{CacheType, Decoder, KvCache, cache_bytes};
use kinora_tensor::Device;
use serde_json::{Value, json};

use super::adapters::{Adapters, Loaded};
use super::event::TokenLogprob;
use super::request::{ChatRequest, ContextPolicy, Message, Role};
use super::tools;
use crate::memory::{Budget, CachePlan, Held, MAX_CACHE, PASS, TextOptions, largest_context, megabytes, text_scratch};
use crate::{EngineError, constrain::Grammars, error::Result};

/// Conversations that are kept for those that begin like them, as far as their bytes fit in [`MAX_CACHE`].
const KEPT: usize = 4;
/// Room for an answer at first; a longer one makes more.
const ROOM: usize = 512;

/// Only whole chunks of a conversation are used again: with very few rows some products are rounded otherwise, and the same
/// request must give the same answer whatever came before.
pub(super) const CHUNK: usize = 32;
const _: () = assert!(PASS.is_multiple_of(CHUNK));

/// What is taken where a model brings no template: the form that most were trained on.
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + \
                      '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Loaded once, shared by all chats.
pub(crate) struct TextModel {
    pub llama: Decoder,
    pub tokenizer: Arc<Tokenizer>,
    template: ChatTemplate,
    features: TemplateFeatures,
    /// Spellings of control tokens, and what stands in their place where a person wrote them.
    spellings: Vec<(String, String)>,
    /// Control tokens that do not end a text: they are never drawn.
    pub mute: Vec<u32>,
    pub grammars: Grammars,
    /// Tokens that a conversation and its answer may take together.
    pub context: usize,
    /// Bytes of the weights, as the file stores them.
    pub bytes: u64,
    pub about: About,
    options: TextOptions,
    kind: CacheType,
    budget: Rc<Budget>,
    _held: Option<Held>,
    /// Conversations that nobody goes on with at the moment, the newest last.
    idle: RefCell<Vec<Memory>>,
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

/// A cache and the tokens whose keys and values it holds.
pub(crate) struct Memory {
    pub cache: KvCache,
    pub tokens: Vec<u32>,
    /// What they were read with.
    pub adapters: Adapters,
    /// So many of them were read in whole chunks.
    pub whole: usize,
    /// What the cache takes of the CPU's memory.
    pub held: Option<Held>,
}

impl Memory {
    /// The next tokens of `rest` to read at once: up to the end of a pass.
    pub fn chunk<'a>(&self, rest: &'a [u32]) -> (&'a [u32], &'a [u32]) {
        rest.split_at((PASS - self.tokens.len() % PASS).min(rest.len()))
    }

    /// Keeps count of `read`, which the cache now holds.
    pub fn note(&mut self, read: &[u32]) {
        if self.whole == self.tokens.len() {
            self.whole += read.len() / CHUNK * CHUNK;
        }
        self.tokens.extend_from_slice(read);
    }

    /// Forgets all but the first `n` tokens, or more where the network cannot go back so little.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn truncate(&mut self, n: usize) -> Result<()> {
        let kept = self.cache.truncate(n)?;
        self.tokens.truncate(kept);
        self.whole = self.whole.min(kept / CHUNK * CHUNK);
        Ok(())
    }
}

impl TextModel {
    /// # Errors
    /// `model_refused` for what the readers refuse, `invalid_request` for options that the model does not allow,
    /// `out_of_memory` with the longest context that fits.
    pub fn load(file: &GgufFile, device: &Device, options: TextOptions, budget: &Rc<Budget>) -> Result<Self> {
        let gguf = file.gguf();
        let config = TextConfig::read(gguf)?;
        let plan = CachePlan::new(&config, &options)?;
        let bytes = gguf.tensors().map(|t| t.bytes).sum();
        let held = budget.hold_model(device, bytes + text_scratch(&config))?;
        let largest = match device {
            Device::Cpu(_) => largest_context(&config, plan.kind, budget.free()),
            Device::Gpu(_) => plan.context,
        };
        if largest < options.context.map_or(1, |_| plan.context) {
            let need = cache_bytes(&config, plan.context, plan.kind);
            return Err(too_long(plan.context, need, budget.free(), largest, plan.kind).at("load"));
        }
        let tokenizer = Tokenizer::from_gguf(gguf)?;
        let template = match gguf.metadata("tokenizer.chat_template") {
            Some(_) => ChatTemplate::from_gguf(gguf)?,
            None => ChatTemplate::new(CHATML, "", "")?,
        };
        let llama = Decoder::load(file, device)?;
        let controls: Vec<u32> = (0..tokenizer.vocab_size() as u32).filter(|id| tokenizer.is_control(*id)).collect();
        let spelling = |id: &u32| {
            let text = std::str::from_utf8(tokenizer.token_bytes(*id)).ok()?;
            let first = text.chars().next().filter(|c| c.len_utf8() < text.len())?;
            Some((text.to_string(), format!("{first}\u{200b}{}", text.get(first.len_utf8()..)?)))
        };
        Ok(Self {
            spellings: controls.iter().filter_map(spelling).collect(),
            mute: controls.into_iter().filter(|id| !tokenizer.is_end(*id)).collect(),
            tokenizer: Arc::new(tokenizer),
            features: features(&template),
            template,
            bytes,
            about: about(file)?,
            grammars: Grammars::default(),
            context: plan.context.min(largest),
            options,
            kind: plan.kind,
            budget: budget.clone(),
            _held: held,
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
        let file = self.file.as_ref().ok_or_else(|| {
            let message = "the device was lost, and the model's file is not at hand".to_string();
            EngineError::new("device_lost", "load", message).hint("Load the model again.").retry()
        })?;
        Self::load(file, device, self.options, &self.budget)
    }

    /// The tokens of a conversation, ending where the assistant's turn begins, and how many of its oldest turns had to be
    /// left out. What messages say stays text: a control token spelt out in them gets a zero-width space, so that nobody can end
    /// their own turn and speak for another.
    ///
    /// # Errors
    /// `invalid_request` when the template refuses the conversation, `context_length_exceeded` with the numbers.
    pub fn prompt(&self, request: &ChatRequest) -> Result<(Vec<u32>, usize)> {
        let mut messages = request.messages.clone();
        let mut dropped = 0;
        loop {
            let tokens = self.tokens(&self.render(&messages, request)?)?;
            match self.check_length(&tokens) {
                Ok(()) => return Ok((tokens, dropped)),
                Err(e) if request.context == ContextPolicy::Refuse || tokens.is_empty() => return Err(e),
                Err(e) => {
                    let oldest = messages.iter().position(|m| m.role != Role::System).unwrap_or(messages.len());
                    // a turn goes with the answers that follow it, and the last of the person's turns stays
                    let next = |m: &Message| m.role == Role::User;
                    let behind = messages.iter().skip(oldest + 1).position(next).map(|n| oldest + 1 + n);
                    let Some(until) = behind else { return Err(e) };
                    dropped += until - oldest;
                    messages.drain(oldest..until);
                }
            }
        }
    }

    /// The conversation as the model was trained to read it: tools in the template's own way, or told in words where it knows
    /// none.
    fn render(&self, messages: &[Message], request: &ChatRequest) -> Result<String> {
        let mut input =
            RenderInput { add_generation_prompt: true, kwargs: request.template.clone(), ..RenderInput::default() };
        let harmless = |mut value: Value| {
            tools::each_text(&mut value, &|text| self.safe(text));
            value
        };
        let tools: Vec<Value> = request.tools.iter().map(tools::as_json).map(harmless).collect();
        match self.features.tools {
            Some("tools") => input.tools.clone_from(&tools),
            Some(name) => drop(input.kwargs.insert(name.to_string(), tools.clone().into())),
            None => {}
        }
        let native = self.features.tools.is_some() || request.tools.is_empty();
        for message in messages {
            input.messages.push(match native {
                true => harmless(tools::message_json(message, self.features.arguments_as_text)),
                false => tools::message_in_words(message, |text| self.safe(text), self.dialect()),
            });
        }
        if !native {
            let told = tools::instructions(&tools, self.dialect());
            match input.messages.first_mut().filter(|first| first["role"] == "system") {
                Some(first) => {
                    let text = format!("{}\n\n{told}", first["content"].as_str().unwrap_or_default());
                    first["content"] = text.into();
                }
                None => input.messages.insert(0, json!({ "role": "system", "content": told })),
            }
        }
        self.template.render(&input).map_err(|e| EngineError::invalid_request("chat", e.to_string()))
    }

    /// How the model spells calls of tools.
    pub fn dialect(&self) -> &ToolDialect {
        &self.features.calls
    }

    /// Control tokens that are part of how calls are spelt, with their spelling.
    pub fn spoken(&self) -> Vec<(u32, String)> {
        let dialect = tools::opening(self.dialect());
        let spelling = |id: &u32| Some((*id, std::str::from_utf8(self.tokenizer.token_bytes(*id)).ok()?.to_string()));
        let used = |(_, text): &(u32, String)| !text.is_empty() && dialect.contains(text.as_str());
        self.mute.iter().filter_map(spelling).filter(used).collect()
    }

    /// The text without spelt-out control tokens.
    fn safe(&self, text: &str) -> String {
        let mut text = text.to_string();
        for (spelling, safe) in &self.spellings {
            if text.contains(spelling) {
                text = text.replace(spelling, safe);
            }
        }
        text
    }

    /// The tokens of a text that stands at the beginning; control tokens spelt out in it are those tokens.
    ///
    /// # Errors
    /// `invalid_request` for a text that is too long.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        let refused = |e: kinora_formats::FormatError| EngineError::invalid_request("chat", e.to_string());
        let mut tokens = self.tokenizer.encode(text, true).map_err(refused)?;
        if let Some(bos) = self.tokenizer.bos().filter(|_| self.tokenizer.add_bos())
            && tokens.first() != Some(&bos)
        {
            tokens.insert(0, bos);
        }
        Ok(tokens)
    }

    /// # Errors
    /// `invalid_request` for none, or one that is not in the vocabulary; `context_length_exceeded` with the numbers.
    pub fn check_length(&self, tokens: &[u32]) -> Result<()> {
        if tokens.len() >= self.context {
            let (n, most) = (tokens.len(), self.context - 1);
            let message = format!("the conversation is {n} tokens long, and the text model reads at most {most}");
            let error = EngineError::new("context_length_exceeded", "chat", message);
            return Err(error.hint("Shorten it, or leave out its oldest turns."));
        }
        if tokens.is_empty() {
            return Err(EngineError::invalid_request("chat", "the conversation is empty"));
        }
        let size = self.tokenizer.vocab_size();
        if let Some(id) = tokens.iter().find(|id| **id as usize >= size) {
            let message = format!("{id} is no token: the vocabulary has {size}");
            return Err(EngineError::invalid_request("chat", message));
        }
        Ok(())
    }

    /// A memory that holds the longest beginning of `prompt` that was read in whole chunks with `adapters`, but never all
    /// of it.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn remember(&self, prompt: &[u32], adapters: &Adapters) -> Result<Memory> {
        let most = prompt.len().saturating_sub(1);
        let known = |m: &Memory| {
            let common = m.tokens.iter().zip(prompt).take_while(|(a, b)| a == b).count();
            if m.adapters == *adapters { common.min(m.whole).min(most) / CHUNK * CHUNK } else { 0 }
        };
        let mut idle = self.idle.borrow_mut();
        let best = (0..).zip(idle.iter()).map(|(i, m)| (known(m), i)).max();
        let taken = match best {
            Some((keep, i)) if keep > 0 => Some((keep, idle.remove(i))),
            Some(_) if idle.len() >= KEPT => Some((0, idle.remove(0))), // the oldest makes room
            _ => None,
        };
        drop(idle);
        let room = self.capacity(prompt.len() + ROOM);
        if let Some((keep, mut memory)) = taken
            && (keep > 0 || memory.cache.max_len() >= room)
        {
            memory.truncate(keep)?;
            memory.adapters = adapters.clone();
            return Ok(memory);
        }
        let (cache, held) = self.roomy(room, prompt.len() + 1, |room| self.llama.new_cache_in(room, self.kind))?;
        Ok(Memory { cache, tokens: Vec::new(), adapters: adapters.clone(), whole: 0, held })
    }

    /// A cache with `room`, or where memory is short with room for `least` tokens: kept conversations go before that.
    ///
    /// # Errors
    /// `out_of_memory` with the longest context that fits.
    fn roomy<E: Into<EngineError>>(
        &self,
        room: usize,
        least: usize,
        make: impl Fn(usize) -> Result<KvCache, E>,
    ) -> Result<(KvCache, Option<Held>)> {
        let made = self.hold(room).and_then(|held| Ok((make(room).map_err(Into::into)?, held)));
        let least = self.capacity(least);
        match made {
            Err(e) if e.code == "out_of_memory" && !self.idle.borrow().is_empty() => {
                self.idle.borrow_mut().clear();
                self.roomy(room, least, make)
            }
            Err(e) if e.code == "out_of_memory" && least < room => self.roomy(least, least, make),
            made => made,
        }
    }

    /// Takes the memory for a cache of `room` tokens, where the model runs on the CPU.
    ///
    /// # Errors
    /// `out_of_memory` with the longest context that fits.
    pub(super) fn hold(&self, room: usize) -> Result<Option<Held>> {
        if matches!(self.llama.device(), Device::Gpu(_)) {
            return Ok(None);
        }
        let (config, free) = (self.llama.config(), self.budget.free());
        let need = cache_bytes(config, room, self.kind);
        let refused = || too_long(room, need, free, largest_context(config, self.kind, free), self.kind);
        self.budget.hold(need).map(Some).ok_or_else(refused)
    }

    /// The error of a device that ran out of memory in a conversation of `tokens`, with what may fit.
    pub(super) fn out_of_memory(&self, e: EngineError, tokens: usize) -> EngineError {
        if e.code != "out_of_memory" || !e.details.is_empty() {
            return e;
        }
        let (need, context) = (cache_bytes(self.llama.config(), tokens, self.kind), (tokens / 2).max(1));
        let message = format!("{}. The conversation has {tokens} tokens; one of {context} may fit", e.message);
        let hint = remedy(context, self.kind);
        EngineError { message, ..e }.hint(&hint).detail("need", need).detail("context", context as u64)
    }

    /// Makes room for `tokens` in all; the memory keeps what it holds.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub async fn grow(&self, memory: &mut Memory, tokens: usize) -> Result<()> {
        let len = memory.cache.max_len();
        if tokens > len {
            let room = self.capacity(tokens.max(2 * len));
            self.adapt(&memory.adapters)?; // saved caches tell what they were read with
            let saved = self.llama.save_cache(&memory.cache).await?;
            self.adapt(&memory.adapters)?;
            // the old one goes first: there may not be room for both
            memory.cache = self.llama.new_cache_in(1, self.kind)?;
            memory.held = None;
            let restored = |room| self.llama.restore_cache(&saved, room);
            let (grown, short) = match self.roomy(room, tokens, restored) {
                Err(e) if e.code == "out_of_memory" => (self.roomy(len, len, restored)?, Some(e)),
                grown => (grown?, None),
            };
            (memory.cache, memory.held) = grown;
            if let Some(e) = short {
                return Err(e);
            }
        }
        Ok(())
    }

    /// Places of a cache for `tokens`.
    pub(super) fn capacity(&self, tokens: usize) -> usize {
        tokens.next_multiple_of(256).min(self.context)
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

    /// Keeps the memory for the next conversation.
    pub fn give_back(&self, memory: Memory) {
        let mut idle = self.idle.borrow_mut();
        idle.push(memory);
        while idle.len() > KEPT
            || (idle.len() > 1 && idle.iter().map(|m| m.cache.bytes() as u64).sum::<u64>() > MAX_CACHE)
        {
            idle.remove(0);
        }
    }

    /// Bytes that kept conversations take.
    #[cfg(test)]
    pub fn kept_bytes(&self) -> usize {
        self.idle.borrow().iter().map(|m| m.cache.bytes()).sum()
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

/// A conversation of `tokens` does not fit into the CPU's memory; one of `largest` does.
fn too_long(tokens: usize, need: u64, free: u64, largest: usize, kind: CacheType) -> EngineError {
    let message = format!(
        "a conversation of {tokens} tokens needs {} of memory, and {} are free: at most {largest} tokens fit",
        megabytes(need),
        megabytes(free)
    );
    EngineError::new("out_of_memory", "chat", message)
        .hint(&remedy(largest, kind))
        .detail("need", need)
        .detail("free", free)
        .detail("context", largest as u64)
}

fn remedy(context: usize, kind: CacheType) -> String {
    let smaller = if kind == CacheType::Q8_0 { "" } else { ", keep keys and values as q8_0" };
    format!("Load the model with a context of {context} tokens{smaller}, or unload another model.")
}

/// What the template does with tools. A dialect that no grammar of ours writes is left for the usual one.
fn features(template: &ChatTemplate) -> TemplateFeatures {
    let mut features = template.features();
    if features.calls.call.contains(&kinora_formats::CallPart::Keywords) {
        features.calls = ToolDialect::default();
        features.tools = None;
    }
    features
}
