//! The OpenAI API over an engine: method, path and JSON in; status, headers and a body that is pulled out. What validates a
//! request and shapes its answer is here once, for `fetch` in a page and for HTTP natively.
//!
//! Every field is honoured or refused by name; few do nothing on one's own device, and a header lists those
//! (`x-kinora-ignored`). The tables of fields are data: [`fields::Table`].

pub mod chat;
mod common;
mod completions;
mod embeddings;
mod error;
mod exchange;
mod fields;
mod format;
mod messages;
mod models;
mod responses;
mod route;
mod sampling;
mod series;
mod service;

#[cfg(test)]
mod tests;
mod tools;

pub use error::ApiError;
pub use exchange::{Event, Exchange, Request};
pub use service::Service;
