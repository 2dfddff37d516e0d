//! A conversation's memory as bytes, so that it goes on another day without being read again. Little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `KINORASE` |
//! | 4 | version, 1 |
//! | 4 | tokens |
//! | 4 | how many of them were read in whole chunks |
//! | | the tokens, 4 bytes each |
//! | 8 | XXH3 of all before |
//! | | the keys and values, see `Decoder::save_cache`, which tells models apart |

use xxhash_rust::xxh3::xxh3_64;

use super::adapters::Adapters;
use super::memory::{CHUNK, Memory};
use super::model::TextModel;
use crate::{EngineError, error::Result};

const MAGIC: &[u8; 8] = b"KINORASE";
const VERSION: u32 = 1;

impl TextModel {
    /// What is kept of the conversation that begins with the most of `prompt`; waits for the device.
    ///
    /// # Errors
    /// `invalid_request` where nothing of it is kept, `device_lost`.
    pub async fn save(&self, prompt: &[u32], adapters: &Adapters) -> Result<Vec<u8>> {
        let memory = self.remember(prompt, adapters, 0)?;
        let saved = self.write(&memory).await;
        if !memory.tokens.is_empty() {
            self.give_back(memory);
        }
        saved
    }

    async fn write(&self, memory: &Memory) -> Result<Vec<u8>> {
        if memory.tokens.is_empty() {
            let message = "nothing is kept of this conversation, so there is nothing to save";
            return Err(EngineError::invalid_request("chat", message).hint("Ask for an answer to it first."));
        }
        let mut bytes = MAGIC.to_vec();
        for number in [VERSION, memory.tokens.len() as u32, memory.whole as u32].iter().chain(&memory.tokens) {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
        self.adapt(&memory.adapters)?; // the saved cache tells what it was read with
        bytes.extend_from_slice(&self.llama.save_cache(&memory.cache).await?);
        Ok(bytes)
    }

    /// Keeps the conversation that [`Self::save`] gave, for the next request that begins like it; returns its tokens.
    ///
    /// # Errors
    /// `invalid_request` for bytes that are something else, damaged, or of another model or version;
    /// `context_length_exceeded`, `out_of_memory`.
    pub fn restore(&self, bytes: &[u8], adapters: &Adapters) -> Result<usize> {
        let (tokens, whole, cache) = read(bytes)?;
        self.check_length(&tokens)?;
        self.adapt(adapters)?;
        let room = self.capacity(tokens.len() + 1);
        let held = self.hold(room)?;
        let cache = self.llama.restore_cache(cache, room).map_err(|e| match e.into() {
            e @ EngineError { code: "invalid_request", .. } => refused(&e.message),
            e => e,
        })?;
        if cache.len() != tokens.len() {
            return Err(refused("its tokens and its memory are of different lengths"));
        }
        let n = tokens.len();
        self.give_back(Memory { cache, tokens, adapters: adapters.clone(), whole, held });
        Ok(n)
    }
}

/// The tokens, how many of them were read in whole chunks, and the bytes of the cache.
fn read(bytes: &[u8]) -> Result<(Vec<u32>, usize, &[u8])> {
    let short = || refused("it is cut short");
    let (magic, rest) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
    if magic != MAGIC {
        return Err(refused("these bytes are something else"));
    }
    let (numbers, _) = rest.as_chunks::<4>();
    let number = |i: usize| numbers.get(i).map(|n| u32::from_le_bytes(*n)).ok_or_else(short);
    if number(0)? != VERSION {
        return Err(refused("another version of the engine saved it"));
    }
    let (n, whole) = (number(1)? as usize, number(2)? as usize);
    let end = n.checked_mul(4).and_then(|n| n.checked_add(MAGIC.len() + 12)).ok_or_else(short)?;
    let (head, rest) = bytes.split_at_checked(end).ok_or_else(short)?;
    let (sum, cache) = rest.split_first_chunk::<8>().ok_or_else(short)?;
    if xxh3_64(head) != u64::from_le_bytes(*sum) || whole > n || !whole.is_multiple_of(CHUNK) {
        return Err(refused("it is damaged"));
    }
    let tokens = (0..n).map(|i| number(3 + i)).collect::<Result<_>>()?;
    Ok((tokens, whole, cache))
}

fn refused(why: &str) -> EngineError {
    EngineError::invalid_request("chat", format!("the saved conversation cannot go on: {why}"))
        .hint("Leave it out: the conversation is read again.")
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use crate::chat::tests::{heat, run, tiny_engine, tiny_model};
    use crate::chat::{ChatRequest, Message};
    use crate::{Device, Engine, ModelFiles};

    fn request(turns: &[Message]) -> ChatRequest {
        ChatRequest { messages: turns.to_vec(), max_tokens: Some(12), sampling: heat(1.0), ..Default::default() }
    }

    #[test]
    fn a_saved_conversation_goes_on_in_another_engine_without_being_read_again() {
        let engine = tiny_engine(512);
        let mut turns = vec![Message::user("a long story about the sea, the moon and all the stars of the sky")];
        let before = request(&turns);
        assert_eq!(block_on(engine.save_session(&before)).unwrap_err().code, "invalid_request");
        let (answer, ..) = run(&engine, before.clone()).unwrap();
        let saved = block_on(engine.save_session(&before)).unwrap();
        turns.extend([Message::assistant(answer), Message::user("and then")]);
        let (want, _, usage) = run(&engine, request(&turns)).unwrap();
        let other = tiny_engine(512);
        assert_eq!(other.restore_session(None, &[], &saved).unwrap(), usage.cached_tokens);
        let (got, _, again) = run(&other, request(&turns)).unwrap();
        assert_eq!((got, again.cached_tokens), (want, usage.cached_tokens));
        assert!(again.cached_tokens > 0);
    }

    #[test]
    fn a_damaged_cut_or_foreign_session_is_refused() {
        let engine = tiny_engine(512);
        let before = request(&[Message::user("a long story about the sea, the moon and all the stars of the sky")]);
        run(&engine, before.clone()).unwrap();
        let saved = block_on(engine.save_session(&before)).unwrap();
        let refused = |engine: &Engine, bytes: &[u8]| {
            let error = engine.restore_session(None, &[], bytes).unwrap_err();
            assert!(error.code == "invalid_request" && error.message.contains("saved conversation"), "{error}");
        };
        for at in (0..saved.len()).step_by(saved.len() / 200 + 1).chain(0..64) {
            let mut bytes = saved.clone();
            bytes[at] ^= 0x10;
            refused(&engine, &bytes);
            refused(&engine, &saved[..at]);
        }
        let files = ModelFiles { text: tiny_model(512, 4), ..Default::default() };
        refused(&Engine::load(files, Device::cpu(1)).unwrap(), &saved);
        let error = tiny_engine(32).restore_session(None, &[], &saved).unwrap_err();
        assert_eq!(error.code, "context_length_exceeded");
    }
}
