//! What a text model answers.

use serde::Serialize;

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its turn, a stop string was met, or what was asked for is complete.
    Stop,
    /// `max_tokens` or the end of the context was reached.
    Length,
    /// The answer calls tools.
    ToolCalls,
}

/// What an answer took.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Tokens of the conversation.
    pub prompt_tokens: usize,
    /// Those of them that were still in the cache from the turn before.
    pub cached_tokens: usize,
    /// Tokens of the answer.
    pub completion_tokens: usize,
    /// Those of them that the grammar left no choice about, so that no logits were computed for them.
    pub forced_tokens: usize,
    /// Those of them that were guessed ahead.
    pub accepted_draft_tokens: usize,
    /// Oldest turns that were left out, where the request allows it.
    pub dropped_messages: usize,
    /// Milliseconds from the beginning to the logits of the first token.
    pub prompt_ms: f64,
    /// Milliseconds from there to the end.
    pub completion_ms: f64,
}

/// A token and how likely it was, before anything was done to the model's logits.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLogprob {
    /// Its text, maybe a part of a character.
    pub bytes: Vec<u8>,
    /// Natural logarithm of its probability.
    pub logprob: f32,
    /// The likeliest tokens, likeliest first.
    pub top: Vec<(Vec<u8>, f32)>,
}

/// An event of an answer in the making.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// The next words, whole characters; with them the tokens since the last ones, where they were asked for.
    Delta { text: String, logprobs: Option<Vec<TokenLogprob>> },
    /// A call of a tool begins.
    ToolCall { index: usize, id: String, name: String },
    /// More of the arguments of a call.
    ToolArguments { index: usize, text: String },
    /// The answer is complete.
    Done {
        finish_reason: FinishReason,
        usage: Usage,
        /// Where it ran: `cpu` or `gpu`.
        device: &'static str,
        /// How products were computed.
        precision: &'static str,
    },
}
