//! Chats: a conversation goes in, the assistant's turn comes out token by token.

mod adapters;
mod event;
mod guess;
mod keywords;
mod memory;
mod model;
mod prompt;
mod request;
mod session;
mod stop;
mod stream;
#[cfg(test)]
pub(crate) mod tests;
mod tools;

pub use adapters::AdapterInfo;
pub use event::{ChatEvent, FinishReason, TokenLogprob, Usage};
pub(crate) use memory::too_long;
pub(crate) use model::{About, TextModel, about};
pub use request::{
    ChatRequest, CompletionRequest, ContextPolicy, Message, Prompt, ResponseFormat, Role, Speculation, Tool, ToolCall,
    ToolChoice,
};
pub use stream::ChatStream;
