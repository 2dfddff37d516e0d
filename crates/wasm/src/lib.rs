//! The engine as JavaScript sees it. This crate converts and forwards: no loop, no model, no address of a file.
//!
//! Async methods take `&self` and move their state out while they wait: a borrow held across an await would make the page's
//! next call fail.

mod blob;
mod convert;
mod engine;
mod grammar;
mod header;
mod incoming;
mod inspect;
mod loading;
mod openai;
mod selftest;
mod stream;

pub use engine::{Engine, load};
pub use grammar::GrammarModule;
pub use header::read_header;
pub use inspect::inspect;
pub use openai::OpenAiStream;
pub use selftest::selftest;
pub use stream::FilmStream;
use wasm_bindgen::prelude::*;

/// Runs once in every thread that starts this module.
#[wasm_bindgen(start)]
pub fn start() {
    kinora_panic_hook::install();
}

/// Works for the engine's thread pool; never returns. Called in each helper worker.
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
#[wasm_bindgen]
pub fn pool_worker() {
    kinora_tensor::pool_worker();
}
