//! What the endpoints ask of the engine, as types.

use kinora_tensor::Abort;
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use crate::chat::{FinishReason, Role};

#[derive(Debug, Clone)]
pub(crate) struct Message {
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
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content)
    }
    pub fn tool(id: impl Into<String>, content: impl Into<String>) -> Self {
        Self { tool_call_id: Some(id.into()), ..Self::new(Role::User, content) }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub name: String,
    pub description: Option<String>,
    pub parameters: Value,
}

#[derive(Debug, Clone, Default)]
pub(crate) enum ToolChoice {
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

#[derive(Debug, Clone, Default)]
pub(crate) enum ResponseFormat {
    #[default]
    Text,
    JsonObject,
    JsonSchema(Value),
    Regex(String),
    Choice(Vec<String>),
    Lark(String),
    Gbnf(String),
}

#[derive(Debug, Clone, Default)]
pub(crate) enum ContextPolicy {
    #[default]
    Refuse,
    DropOldest,
}

#[derive(Debug, Clone)]
pub(crate) struct Speculation;
impl Speculation {
    pub fn prompt_lookup() -> Self {
        Self
    }
    pub fn draft(_: &str, _: Option<usize>) -> Self {
        Self
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Xtc {
    pub probability: f32,
    pub threshold: f32,
}
#[derive(Debug, Clone, Default)]
pub(crate) struct Dry {
    pub multiplier: f32,
    pub base: f32,
    pub allowed_length: usize,
    pub window: usize,
    pub sequence_breakers: Vec<String>,
}
#[derive(Debug, Clone, Default)]
pub(crate) struct Mirostat {
    pub version: u8,
    pub tau: f32,
    pub eta: f32,
}

#[derive(Debug, Clone)]
pub(crate) struct Sampling {
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

#[derive(Debug, Clone, Default)]
pub(crate) struct ChatRequest {
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

#[derive(Debug, Clone)]
pub(crate) enum Prompt {
    Text(String),
    Tokens(Vec<u32>),
}
impl Default for Prompt {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct CompletionRequest {
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

#[derive(Debug, Clone)]
pub(crate) struct TokenLogprob {
    pub bytes: Vec<u8>,
    pub logprob: f32,
    pub top: Vec<(Vec<u8>, f32)>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Usage {
    pub prompt_tokens: usize,
    pub cached_tokens: usize,
    pub completion_tokens: usize,
    pub accepted_draft_tokens: usize,
}

pub(crate) enum ChatEvent {
    Delta { text: String, logprobs: Option<Vec<TokenLogprob>> },
    ToolCall { index: usize, id: String, name: String },
    ToolArguments { index: usize, text: String },
    Done { finish_reason: FinishReason, usage: Usage, device: &'static str, precision: String, ms: u64 },
}

pub(crate) struct ModelInfo {
    pub name: String,
    pub default: bool,
    pub architecture: String,
    pub quantization: String,
    pub parameters: u64,
    pub context: usize,
    pub bytes: u64,
    pub embedding: Option<usize>,
}

pub(crate) struct Embedding {
    pub vector: Vec<f32>,
    pub tokens: usize,
}
