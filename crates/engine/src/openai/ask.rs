//! What the endpoints ask of the engine.

pub(crate) use crate::chat::{
    ChatEvent, ChatRequest, ChatStream, CompletionRequest, ContextPolicy, FinishReason, Message, Prompt,
    ResponseFormat, Role, Speculation, TokenLogprob, Tool, ToolCall, ToolChoice, Usage,
};
pub(crate) use crate::sampling::{Dry, Mirostat, Sampling, Xtc};
