//! `POST responses`, and the responses that are kept.

mod answer;
mod input;
mod output;
mod request;
mod store;

pub(super) use answer::ResponseAnswer;
#[cfg(test)]
pub(super) use request::TABLE;
pub(super) use request::open;
pub(super) use store::Store;
