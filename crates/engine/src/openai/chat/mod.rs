//! `POST chat/completions`

mod answer;
mod request;

pub(super) use answer::ChatAnswer;
pub(super) use answer::logprobs;
pub(super) use request::open;
