//! What is asked of a chat, and what it answers.

use kinora_tensor::Abort;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{EngineError, error::Result, sampling::Sampling};

/// Stop strings of one request at most.
const MAX_STOPS: usize = 16;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    System,
    User,
    Assistant,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    pub role: Role,
    pub content: String,
}

impl Message {
    /// What the application asks for before the conversation.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// What the person says.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model said.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// A conversation to go on with. Every field but `messages` has a default; unknown fields are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChatRequest {
    /// Which text model answers; the embedded one where it is left out.
    pub model: Option<String>,
    /// The conversation so far; the answer is the assistant's next turn.
    pub messages: Vec<Message>,
    /// Tokens of the answer at most; it also ends where the context is full.
    pub max_tokens: usize,
    /// See [`Sampling`], as the next four.
    pub temperature: f32,
    pub top_p: f32,
    pub top_k: usize,
    pub min_p: f32,
    pub repetition_penalty: f32,
    /// Same seed and request, same answer on the same device.
    pub seed: u64,
    /// The answer ends before the first of these, 16 at most.
    pub stop: Vec<String>,
    /// The answer is compact JSON of this schema, its keys in the schema's order.
    pub json_schema: Option<Value>,
    /// Stops the work within 100 ms; the call that waits answers `aborted`.
    #[serde(skip)]
    pub abort: Abort,
}

impl Default for ChatRequest {
    fn default() -> Self {
        Self {
            model: None,
            messages: Vec::new(),
            max_tokens: 512,
            temperature: 0.7,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            seed: 0,
            stop: Vec::new(),
            json_schema: None,
            abort: Abort::default(),
        }
    }
}

impl ChatRequest {
    pub(crate) fn sampling(&self) -> Sampling {
        Sampling {
            repetition_penalty: self.repetition_penalty,
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
        }
    }

    /// # Errors
    /// `invalid_request`, naming the field.
    pub(crate) fn check(&self) -> Result<()> {
        if self.messages.is_empty() {
            return Err(EngineError::invalid_request("chat", "messages is empty: it needs at least one message"));
        }
        self.check_all_but_messages()
    }

    /// # Errors
    /// `invalid_request`, naming the field.
    pub(crate) fn check_all_but_messages(&self) -> Result<()> {
        let refuse = |message: &str| Err(EngineError::invalid_request("chat", message));
        self.sampling().check()?;
        if self.max_tokens == 0 {
            return refuse("max_tokens is 0: it must be 1 at least");
        }
        if self.stop.len() > MAX_STOPS {
            return refuse(&format!("stop holds {} strings: at most {MAX_STOPS} can be watched for", self.stop.len()));
        }
        if self.stop.iter().any(String::is_empty) {
            return refuse("stop holds an empty string: leave it out");
        }
        Ok(())
    }
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its turn, a stop string was met, or the JSON is complete.
    Stop,
    /// `max_tokens` or the end of the context was reached.
    Length,
}

/// What an answer took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the conversation.
    pub prompt_tokens: usize,
    /// Those of them that were still in the cache from the turn before.
    pub cached_tokens: usize,
    /// Tokens of the answer.
    pub completion_tokens: usize,
    /// Those of them that the schema left no choice about, so that no logits were computed for them.
    pub forced_tokens: usize,
    /// Where it ran: `cpu` or `gpu`.
    pub device: &'static str,
}

/// An event of an answer in the making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatEvent {
    /// The next words, whole characters.
    Delta { text: String },
    /// The end; nothing follows.
    Done { finish_reason: FinishReason, usage: Usage },
}
