//! `POST chat/completions`

mod answer;
mod request;

pub(super) use answer::ChatAnswer;
pub(super) use answer::logprobs;
#[cfg(test)]
pub(super) use request::TABLE;
pub(super) use request::open;
