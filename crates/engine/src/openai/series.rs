//! Several answers, one after the other: each finds the prompt that it shares with the one before in the cache.

use super::error::{ApiError, Result};
use crate::Engine;
use crate::chat::{ChatEvent, ChatRequest, ChatStream, CompletionRequest};

/// What the engine is asked.
#[derive(Clone)]
pub(super) enum Ask {
    Chat(Box<ChatRequest>),
    Text(Box<CompletionRequest>),
}

/// Answers in the making.
pub(super) struct Series {
    engine: Engine,
    asks: std::vec::IntoIter<Ask>,
    index: usize,
    current: ChatStream,
}

impl Series {
    /// Opens the first; nothing is computed yet.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn open(engine: &Engine, asks: Vec<Ask>) -> Result<Self> {
        let mut asks = asks.into_iter();
        let Some(first) = asks.next() else { return Err(ApiError::new(400, "invalid_value", "There is no prompt.")) };
        Ok(Self { current: open(engine, first)?, engine: engine.clone(), asks, index: 0 })
    }

    /// The next event, with the index of its answer; none after the last.
    ///
    /// # Errors
    /// What the engine's answer ends with.
    pub async fn next(&mut self) -> Result<Option<(usize, ChatEvent)>> {
        loop {
            if let Some(event) = self.current.next().await? {
                return Ok(Some((self.index, event)));
            }
            let Some(ask) = self.asks.next() else { return Ok(None) };
            self.current = open(&self.engine, ask)?;
            self.index += 1;
        }
    }
}

fn open(engine: &Engine, ask: Ask) -> Result<ChatStream> {
    Ok(match ask {
        Ask::Chat(request) => engine.chat(*request)?,
        Ask::Text(request) => engine.complete(*request)?,
    })
}
