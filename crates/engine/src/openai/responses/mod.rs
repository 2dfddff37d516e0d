//! `POST responses`, and the responses that are kept.

mod answer;
mod input;
mod output;
mod request;
mod store;

pub(super) use answer::ResponseAnswer;
pub(super) use request::{TABLE, open};
pub(super) use store::{Kept, Store};
