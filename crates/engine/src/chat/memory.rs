//! What a model keeps of conversations: caches, who may go on with them, and the memory they take.

use kinora_models::text::{KvCache, cache_bytes};
use kinora_tensor::Device;

use super::adapters::Adapters;
use super::model::TextModel;
use crate::memory::{Held, MAX_CACHE, PASS, largest_context, megabytes};
use crate::{CacheType, EngineError, error::Result};

/// Conversations that are kept for those that begin like them, as far as their bytes fit in [`TextModel::kept_budget`].
const KEPT: usize = 4;
/// So many bytes of conversations are kept beside any model.
const KEPT_BYTES: u64 = 16 << 20;
/// Room for an answer at first; a longer one makes more.
const ROOM: usize = 512;

/// Only whole chunks of a conversation are used again: with very few rows some products are rounded otherwise, and the same
/// request must give the same answer whatever came before.
pub(super) const CHUNK: usize = 32;
const _: () = assert!(PASS.is_multiple_of(CHUNK));

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

fn bytes_of(memories: &[Memory]) -> u64 {
    memories.iter().map(|m| m.cache.bytes() as u64).sum()
}

impl TextModel {
    /// A memory that holds the longest beginning of `prompt` that was read in whole chunks with `adapters`, but never all
    /// of it; with room for an answer of `answer` tokens, as far as [`ROOM`].
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn remember(&self, prompt: &[u32], adapters: &Adapters, answer: usize) -> Result<Memory> {
        let most = prompt.len().saturating_sub(1);
        let known = |m: &Memory| {
            let common = m.tokens.iter().zip(prompt).take_while(|(a, b)| a == b).count();
            if m.adapters == *adapters { common.min(m.whole).min(most) / CHUNK * CHUNK } else { 0 }
        };
        let room = self.capacity(prompt.len() + answer.min(ROOM));
        let mut idle = self.idle.borrow_mut();
        let best = (0..).zip(idle.iter()).map(|(i, m)| (known(m), i)).max();
        if let Some((keep, i)) = best.filter(|(keep, _)| *keep > 0) {
            let mut memory = idle.remove(i);
            memory.truncate(keep)?;
            return Ok(memory);
        }
        // The oldest makes room, and lends its storage where that is large enough.
        let need = cache_bytes(self.llama.config(), room, self.kind);
        while !idle.is_empty() && (idle.len() >= KEPT || bytes_of(&idle) + need > self.kept_budget()) {
            let mut oldest = idle.remove(0);
            if oldest.cache.max_len() >= room {
                oldest.truncate(0)?;
                oldest.adapters = adapters.clone();
                return Ok(oldest);
            }
        }
        drop(idle);
        let (cache, held) = self.roomy(room, prompt.len() + 1, |room| self.llama.new_cache_in(room, self.kind))?;
        Ok(Memory { cache, tokens: Vec::new(), adapters: adapters.clone(), whole: 0, held })
    }

    /// Bytes that conversations may take which nobody goes on with: they must not weigh more than the model.
    fn kept_budget(&self) -> u64 {
        KEPT_BYTES.saturating_add(self.bytes / 4).min(MAX_CACHE)
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

    /// Keeps the memory for the next conversation.
    pub fn give_back(&self, memory: Memory) {
        let mut idle = self.idle.borrow_mut();
        idle.push(memory);
        while idle.len() > KEPT || (idle.len() > 1 && bytes_of(&idle) > self.kept_budget()) {
            idle.remove(0);
        }
    }

    /// Bytes that kept conversations take.
    #[cfg(test)]
    pub fn kept_bytes(&self) -> u64 {
        bytes_of(&self.idle.borrow())
    }
}

/// A conversation of `tokens` does not fit into the CPU's memory; one of `largest` does.
pub(crate) fn too_long(tokens: usize, need: u64, free: u64, largest: usize, kind: CacheType) -> EngineError {
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
