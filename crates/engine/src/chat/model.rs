//! The text model with its tokenizer, template and memory, as all chats of an engine share it.

use std::cell::RefCell;
use std::sync::Arc;

use kinora_formats::{ChatTemplate, GgufFile, Tokenizer};
use kinora_models::text::{Decoder, KvCache};
use kinora_tensor::Device;

use super::request::{Message, Role};
use crate::{EngineError, constrain::Grammars, error::Result};

/// Bytes that one conversation's keys and values may take; the context is shortened to fit.
const MAX_CACHE: usize = 256 << 20;

/// Prompt tokens that are read at once, between two looks at the abort flag. Only whole chunks are used again: how many
/// rows a product has decides how it is rounded, and the same request must give the same answer whatever came before.
pub(super) const CHUNK: usize = 32;

/// Loaded once, shared by all chats.
pub(crate) struct TextModel {
    pub llama: Decoder,
    pub tokenizer: Arc<Tokenizer>,
    template: ChatTemplate,
    /// Spellings of control tokens, and what stands in their place where a person wrote them.
    spellings: Vec<(String, String)>,
    /// Control tokens that do not end a text: they are never drawn.
    pub mute: Vec<u32>,
    pub grammars: Grammars,
    /// Tokens that a conversation and its answer may take together.
    pub context: usize,
    /// The last conversation, for the next that begins like it.
    idle: RefCell<Option<Memory>>,
}

/// A cache and the tokens whose keys and values it holds.
pub(crate) struct Memory {
    pub cache: KvCache,
    pub tokens: Vec<u32>,
    /// So many of them were read in whole chunks.
    pub whole: usize,
}

impl Memory {
    /// The next tokens of `rest` to read at once: up to the end of a chunk.
    pub fn chunk<'a>(&self, rest: &'a [u32]) -> (&'a [u32], &'a [u32]) {
        rest.split_at((CHUNK - self.tokens.len() % CHUNK).min(rest.len()))
    }

    /// Keeps count of `read`, which the cache now holds.
    pub fn note(&mut self, read: &[u32]) {
        if read.len() == CHUNK && self.whole == self.tokens.len() {
            self.whole += CHUNK;
        }
        self.tokens.extend_from_slice(read);
    }
}

impl TextModel {
    /// # Errors
    /// `model_refused` for what the readers refuse, `out_of_memory`.
    pub fn load(bytes: Vec<u8>, device: &Device) -> Result<Self> {
        let file = GgufFile::from_bytes(bytes)?;
        let tokenizer = Tokenizer::from_gguf(file.gguf())?;
        let template = ChatTemplate::from_gguf(file.gguf())?;
        let llama = Decoder::load(&file, device)?;
        let c = llama.config();
        let bytes_a_token = c.n_layer * 2 * c.n_head_kv * c.head_dim * size_of::<f32>();
        let context = c.context.min(MAX_CACHE / bytes_a_token.max(1)).max(1);
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
            template,
            grammars: Grammars::default(),
            context,
            idle: RefCell::new(None),
            llama,
        })
    }

    /// The tokens of a conversation, ending where the assistant's turn begins. What messages say stays text: a control token
    /// spelt out in them gets a zero-width space, so that nobody can end their own turn and speak for another.
    ///
    /// # Errors
    /// `invalid_request` when the template refuses the conversation, `context_length_exceeded` with the numbers.
    pub fn prompt(&self, messages: &[Message]) -> Result<Vec<u32>> {
        let turn = |m: &Message| {
            let role = match m.role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            let mut content = m.content.clone();
            for (spelling, safe) in &self.spellings {
                if content.contains(spelling) {
                    content = content.replace(spelling, safe);
                }
            }
            kinora_formats::Message::new(role, content)
        };
        let turns: Vec<_> = messages.iter().map(turn).collect();
        let refused = |e: kinora_formats::FormatError| EngineError::invalid_request("chat", e.to_string());
        let text = self.template.render_messages(&turns, true).map_err(refused)?;
        let mut tokens = self.tokenizer.encode(&text, true).map_err(refused)?;
        if let Some(bos) = self.tokenizer.bos().filter(|_| self.tokenizer.add_bos())
            && tokens.first() != Some(&bos)
        {
            tokens.insert(0, bos);
        }
        if tokens.len() >= self.context {
            let (n, most) = (tokens.len(), self.context - 1);
            let message = format!("the conversation is {n} tokens long, and the text model reads at most {most}");
            let error = EngineError::new("context_length_exceeded", "chat", message);
            return Err(error.hint("Shorten it, or leave out its oldest turns."));
        }
        if tokens.is_empty() {
            return Err(EngineError::invalid_request("chat", "the conversation is empty"));
        }
        Ok(tokens)
    }

    /// A memory that holds the longest beginning of `prompt` that is known in whole chunks, but never all of it.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn remember(&self, prompt: &[u32]) -> Result<Memory> {
        let mut memory = match self.idle.take() {
            Some(memory) => memory,
            None => Memory { cache: self.llama.new_cache(self.context)?, tokens: Vec::new(), whole: 0 },
        };
        let common = memory.tokens.iter().zip(prompt).take_while(|(a, b)| a == b).count();
        let keep = common.min(memory.whole).min(prompt.len().saturating_sub(1)) / CHUNK * CHUNK;
        let keep = memory.cache.truncate(keep)?;
        memory.tokens.truncate(keep);
        memory.whole = keep;
        Ok(memory)
    }

    /// Keeps the memory for the next conversation.
    pub fn give_back(&self, memory: Memory) {
        *self.idle.borrow_mut() = Some(memory);
    }
}
