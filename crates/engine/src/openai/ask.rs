//! What the endpoints ask of the engine, and what it tells them, as plain data: all that a checked request can say.

use kinora_tensor::Abort;
use serde_json::{Map, Value};

pub use crate::chat::FinishReason;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

/// One turn of a conversation.
#[derive(Debug, Clone)]
pub struct Message {
    pub role: Role,
    pub content: String,
    pub name: Option<String>,
    pub tool_calls: Vec<ToolCall>,
    pub tool_call_id: Option<String>,
}

impl Message {
    fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), name: None, tool_calls: Vec::new(), tool_call_id: None }
    }

    /// What the application asks for before the conversation.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }

    /// What the person says.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }

    /// What the model said.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content)
    }

    /// What a tool gave back to the call of this id.
    pub fn tool(id: impl Into<String>, content: impl Into<String>) -> Self {
        Self { tool_call_id: Some(id.into()), ..Self::new(Role::Tool, content) }
    }
}

/// A call that the assistant made in an earlier turn.
#[derive(Debug, Clone)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

/// A function that the model may call; `parameters` is the JSON schema of its arguments.
#[derive(Debug, Clone)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    pub parameters: Value,
}

/// Which tools may or must be called.
#[derive(Debug, Clone, Default)]
pub enum ToolChoice {
    None,
    #[default]
    Auto,
    Required,
    Named(String),
    Allowed {
        names: Vec<String>,
        required: bool,
    },
}

/// What the answer must look like.
#[derive(Debug, Clone, Default)]
pub enum ResponseFormat {
    #[default]
    Text,
    JsonObject,
    JsonSchema(Value),
    Regex(String),
    Choice(Vec<String>),
    Lark(String),
    Gbnf(String),
}

/// What to do with a conversation that is longer than the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContextPolicy {
    #[default]
    Refuse,
    DropOldest,
}

/// How tokens are guessed ahead; it changes the speed only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speculation {
    /// From what stands in the prompt already.
    PromptLookup,
    /// By a smaller model of the same vocabulary, so many tokens at once.
    Draft { model: String, tokens: Option<usize> },
}

/// Keeps the surprise of tokens near `tau` (Basu et al. 2021).
/// Penalises what would repeat an earlier sequence (DRY).
/// Drops likely tokens now and then (XTC).
#[derive(Debug, Clone, PartialEq)]
pub struct Xtc {
    pub probability: f32,
    pub threshold: f32,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Dry {
    pub multiplier: f32,
    pub base: f32,
    pub allowed_length: usize,
    pub window: usize,
    pub sequence_breakers: Vec<String>,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Mirostat {
    pub version: u8,
    pub tau: f32,
    pub eta: f32,
}

impl Default for Xtc {
    fn default() -> Self {
        Self { probability: 0.0, threshold: 0.1 }
    }
}

impl Default for Dry {
    fn default() -> Self {
        let sequence_breakers = ["\n", ":", "\"", "*"].map(str::to_string).into();
        Self { multiplier: 0.0, base: 1.75, allowed_length: 2, window: 1024, sequence_breakers }
    }
}

impl Default for Mirostat {
    fn default() -> Self {
        Self { version: 2, tau: 5.0, eta: 0.1 }
    }
}

/// How tokens are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    pub temperature: f32,
    pub top_k: usize,
    pub top_p: f32,
    pub min_p: f32,
    pub typical_p: f32,
    pub repetition_penalty: f32,
    pub frequency_penalty: f32,
    pub presence_penalty: f32,
    pub logit_bias: Vec<(u32, f32)>,
    pub xtc: Option<Xtc>,
    pub dry: Option<Dry>,
    pub mirostat: Option<Mirostat>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            typical_p: 1.0,
            repetition_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            logit_bias: Vec::new(),
            xtc: None,
            dry: None,
            mirostat: None,
        }
    }
}

/// A conversation to go on with.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    pub model: Option<String>,
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    pub tool_choice: ToolChoice,
    pub parallel_tool_calls: bool,
    pub max_tokens: Option<usize>,
    pub sampling: Sampling,
    pub seed: u64,
    pub stop: Vec<String>,
    pub format: ResponseFormat,
    pub logprobs: Option<usize>,
    pub context: ContextPolicy,
    pub speculation: Option<Speculation>,
    pub template: Map<String, Value>,
    pub abort: Abort,
}

/// A text, or its tokens.
#[derive(Debug, Clone)]
pub enum Prompt {
    Text(String),
    Tokens(Vec<u32>),
}
impl Default for Prompt {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// A text to go on with as it stands.
#[derive(Debug, Clone, Default)]
pub struct CompletionRequest {
    pub model: Option<String>,
    pub prompt: Prompt,
    pub max_tokens: Option<usize>,
    pub sampling: Sampling,
    pub seed: u64,
    pub stop: Vec<String>,
    pub format: ResponseFormat,
    pub logprobs: Option<usize>,
    pub speculation: Option<Speculation>,
    pub echo: bool,
    pub abort: Abort,
}

/// A token's bytes, the logarithm of its probability, and the likeliest others in its place.
#[derive(Debug, Clone)]
pub struct TokenLogprob {
    pub bytes: Vec<u8>,
    pub logprob: f32,
    pub top: Vec<(Vec<u8>, f32)>,
}

/// What an answer took.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    pub prompt_tokens: usize,
    pub cached_tokens: usize,
    pub completion_tokens: usize,
    pub accepted_draft_tokens: usize,
}

/// An event of an answer in the making.
pub enum ChatEvent {
    Delta {
        text: String,
        logprobs: Option<Vec<TokenLogprob>>,
    },
    ToolCall {
        index: usize,
        id: String,
        name: String,
    },
    ToolArguments {
        index: usize,
        text: String,
    },
    /// The end. `device` and `precision`: where it ran, and what the weights are.
    Done {
        finish_reason: FinishReason,
        usage: Usage,
        device: &'static str,
        precision: Option<String>,
    },
}

/// A loaded text model. `embedding`: numbers in its vectors, where it makes some.
pub struct ModelInfo {
    pub name: String,
    pub default: bool,
    /// Tokens that a conversation and its answer may take together.
    pub context: usize,
    /// Of its weights.
    pub bytes: u64,
    pub embedding: Option<usize>,
}

/// A text's vector of length 1, and the tokens it has.
pub struct Embedding {
    pub vector: Vec<f32>,
    pub tokens: usize,
}
