//! Responses that are kept while the engine lives, the oldest forgotten first.

use std::collections::VecDeque;

use serde_json::Value;

use crate::chat::Message;
use crate::openai::error::{ApiError, Result};

/// So many are kept, and so many bytes of conversation.
const MAX_KEPT: usize = 1000;
const MAX_BYTES: usize = 64 << 20;

/// A response and the conversation that ends with it.
pub(in crate::openai) struct Kept {
    pub id: String,
    pub response: Value,
    /// Without the instructions: they hold for one response only.
    pub messages: Vec<Message>,
}

impl Kept {
    fn bytes(&self) -> usize {
        self.messages
            .iter()
            .map(|m| m.content.len() + m.tool_calls.iter().map(|c| c.arguments.len()).sum::<usize>())
            .sum()
    }
}

/// What is kept, the oldest first.
#[derive(Default)]
pub(in crate::openai) struct Store(VecDeque<Kept>);

impl Store {
    /// Keeps a response.
    pub fn keep(&mut self, kept: Kept) {
        self.0.push_back(kept);
        while self.0.len() > MAX_KEPT || self.0.len() > 1 && self.0.iter().map(Kept::bytes).sum::<usize>() > MAX_BYTES {
            self.0.pop_front();
        }
    }

    /// The response of this id.
    ///
    /// # Errors
    /// 404: never made, not to be stored, deleted, or forgotten.
    pub fn get(&self, id: &str) -> Result<&Kept> {
        self.0.iter().find(|kept| kept.id == id).ok_or_else(|| not_found(id))
    }

    /// Forgets the response of this id.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn delete(&mut self, id: &str) -> Result<()> {
        let at = self.0.iter().position(|kept| kept.id == id).ok_or_else(|| not_found(id))?;
        self.0.remove(at);
        Ok(())
    }
}

fn not_found(id: &str) -> ApiError {
    let message = format!(
        "There is no response {id}. The last {MAX_KEPT} are kept while the engine runs, unless store was false."
    );
    ApiError { param: Some("id".into()), ..ApiError::new(404, "response_not_found", message) }
}
