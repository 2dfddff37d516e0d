//! What is asked of a text model.

use kinora_tensor::Abort;
use serde_json::{Map, Value};

use crate::{EngineError, error::Result, sampling::Sampling};

/// Stop strings of one request at most.
const MAX_STOPS: usize = 16;
/// Tokens of an answer where the request does not say: enough for any chat, and an end for a model that never ends.
const MAX_TOKENS: usize = 4096;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
    /// The result of a call of a tool.
    Tool,
}

impl Role {
    /// As chat templates spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub content: String,
    pub name: Option<String>,
    /// What an assistant's turn called.
    pub tool_calls: Vec<ToolCall>,
    /// Which call a tool's turn answers.
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

    /// What the call `id` gave.
    pub fn tool(id: impl Into<String>, content: impl Into<String>) -> Self {
        Self { tool_call_id: Some(id.into()), ..Self::new(Role::Tool, content) }
    }
}

/// A call of a tool by the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// JSON of an object.
    pub arguments: String,
}

/// A function that the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    /// JSON schema of its arguments.
    pub parameters: Value,
}

/// Whether tools may or must be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// Tools are known to the model and cannot be called.
    None,
    /// The model chooses.
    #[default]
    Auto,
    /// At least one.
    Required,
    /// This one.
    Named(String),
    /// Some of them only.
    Allowed { names: Vec<String>, required: bool },
}

/// What the answer must be.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ResponseFormat {
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// Compact JSON of this schema, its keys in the schema's order.
    JsonSchema(Value),
    /// A match of this regular expression, from beginning to end.
    Regex(String),
    /// One of these.
    Choice(Vec<String>),
    /// A grammar in llguidance's form of Lark.
    Lark(String),
    /// A grammar in llama.cpp's form.
    Gbnf(String),
}

/// What happens when the conversation is longer than the context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContextPolicy {
    /// The request is refused, with the numbers.
    #[default]
    Refuse,
    /// The oldest turns behind the system's are left out until it fits; the usage says how many.
    DropOldest,
}

/// How tokens are guessed ahead. The answer is the same without: guesses are only taken where the model agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speculation {
    /// What followed the last words where they stood before (Saxena 2023).
    PromptLookup {
        /// Tokens guessed at once.
        tokens: usize,
    },
    /// What a smaller model of the same vocabulary would say (Leviathan et al. 2023).
    Draft {
        model: String,
        /// Tokens guessed at once.
        tokens: usize,
    },
}

impl Speculation {
    /// Tokens guessed at once where the request does not say.
    pub const TOKENS: usize = 8;

    /// Guesses out of the conversation itself.
    pub fn prompt_lookup() -> Self {
        Self::PromptLookup { tokens: Self::TOKENS }
    }

    /// Guesses of a loaded model.
    pub fn draft(model: &str, tokens: Option<usize>) -> Self {
        Self::Draft { model: model.to_string(), tokens: tokens.unwrap_or(4) }
    }
}

/// A conversation to go on with.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// Which text model answers; the embedded one where it is left out.
    pub model: Option<String>,
    /// The conversation so far; the answer is the assistant's next turn.
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    pub tool_choice: ToolChoice,
    /// Whether one answer may hold several calls.
    pub parallel_tool_calls: bool,
    /// Tokens of the answer at most; it also ends where the context is full.
    pub max_tokens: Option<usize>,
    pub sampling: Sampling,
    /// Same seed and request, same answer on the same device.
    pub seed: u64,
    /// The answer ends before the first of these, 16 at most.
    pub stop: Vec<String>,
    pub format: ResponseFormat,
    /// Tells the probability of each token, and so many likeliest alternatives.
    pub logprobs: Option<usize>,
    pub context: ContextPolicy,
    pub speculation: Option<Speculation>,
    /// Loaded adapters that change the model for this answer, each times its weight.
    pub adapters: Vec<(String, f32)>,
    /// More variables for the chat template, such as `enable_thinking`.
    pub template: Map<String, Value>,
    /// Stops the work within 100 ms; the call that waits answers `aborted`.
    pub abort: Abort,
}

impl Default for ChatRequest {
    fn default() -> Self {
        Self {
            model: None,
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: ToolChoice::default(),
            parallel_tool_calls: true,
            max_tokens: None,
            sampling: Sampling::default(),
            seed: 0,
            stop: Vec::new(),
            format: ResponseFormat::default(),
            logprobs: None,
            context: ContextPolicy::default(),
            speculation: None,
            adapters: Vec::new(),
            template: Map::new(),
            abort: Abort::default(),
        }
    }
}

/// Text as it stands, or its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Control tokens are spelt as text.
    Text(String),
    Tokens(Vec<u32>),
}

impl Default for Prompt {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// A text to go on with, without a chat template. Fields as in [`ChatRequest`].
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
    pub adapters: Vec<(String, f32)>,
    /// The answer begins with the prompt.
    pub echo: bool,
    /// Goes on where the model would end: for measurements.
    pub ignore_end: bool,
    pub abort: Abort,
}

/// What both kinds of request mean for the loop over tokens.
pub(crate) struct Plan {
    pub max_tokens: usize,
    pub sampling: Sampling,
    pub seed: u64,
    pub stop: Vec<String>,
    pub logprobs: Option<usize>,
    pub speculation: Option<Speculation>,
    pub adapters: Vec<(String, f32)>,
    pub ignore_end: bool,
    pub abort: Abort,
}

impl Plan {
    fn check(&self) -> Result<()> {
        let refuse = |message: &str| Err(EngineError::invalid_request("chat", message));
        self.sampling.check()?;
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

impl ChatRequest {
    /// # Errors
    /// `invalid_request`, naming the field.
    pub(crate) fn plan(&self) -> Result<Plan> {
        if self.messages.is_empty() {
            return Err(EngineError::invalid_request("chat", "messages is empty: it needs at least one message"));
        }
        let plan = Plan {
            max_tokens: self.max_tokens.unwrap_or(MAX_TOKENS),
            sampling: self.sampling.clone(),
            seed: self.seed,
            stop: self.stop.clone(),
            logprobs: self.logprobs,
            speculation: self.speculation.clone(),
            adapters: self.adapters.clone(),
            ignore_end: false,
            abort: self.abort.clone(),
        };
        plan.check().map(|()| plan)
    }
}

impl CompletionRequest {
    /// # Errors
    /// `invalid_request`, naming the field.
    pub(crate) fn plan(&self) -> Result<Plan> {
        let plan = Plan {
            max_tokens: self.max_tokens.unwrap_or(MAX_TOKENS),
            sampling: self.sampling.clone(),
            seed: self.seed,
            stop: self.stop.clone(),
            logprobs: self.logprobs,
            speculation: self.speculation.clone(),
            adapters: self.adapters.clone(),
            ignore_end: self.ignore_end,
            abort: self.abort.clone(),
        };
        plan.check().map(|()| plan)
    }
}
