//! Chats: a conversation goes in, the assistant's turn comes out token by token.

mod model;
mod request;
mod stop;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use model::TextModel;
pub use request::{ChatEvent, ChatRequest, FinishReason, Message, Role, Usage};
pub use stream::ChatStream;
