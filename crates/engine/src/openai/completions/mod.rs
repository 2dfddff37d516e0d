//! `POST completions`: a text goes on as it stands, without a chat template.

mod answer;
mod request;

pub(super) use answer::CompletionAnswer;
#[cfg(test)]
pub(super) use request::TABLE;
pub(super) use request::{open, prompts};
