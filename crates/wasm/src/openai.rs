//! The OpenAI API as the page's `fetch` asks it.

use std::cell::Cell;

use kinora_engine::{
    Abort,
    openai::{Exchange, Request, Service},
};
use wasm_bindgen::prelude::*;

use crate::convert::{busy, to_js};
use crate::stream::{keep, peek};

/// An answer in the making.
#[wasm_bindgen]
pub struct OpenAiStream {
    exchange: Cell<Option<Exchange>>,
    abort: Abort,
}

impl OpenAiStream {
    pub(crate) fn open(service: &Service, method: String, path: String, body: String) -> Self {
        let abort = Abort::default();
        let exchange = service.open(Request { method, path, body, abort: abort.clone() });
        Self { exchange: Cell::new(Some(exchange)), abort }
    }
}

#[wasm_bindgen]
impl OpenAiStream {
    /// Whether the engine needs the module of grammars for the next piece, and does not have it.
    pub fn needs_grammars(&self) -> bool {
        peek(&self.exchange, Exchange::needs_grammars)
    }

    /// The next piece, or `undefined` after the last. Nothing is computed until it is asked for.
    pub async fn next(&self) -> Result<JsValue, JsValue> {
        let mut exchange = self.exchange.take().ok_or_else(|| busy("chat"))?;
        let event = exchange.next().await;
        self.exchange.set(Some(exchange));
        event.map_or(Ok(JsValue::UNDEFINED), |event| to_js(&event))
    }

    /// Stops the job; may be called while `next` waits.
    pub fn abort(&self) {
        self.abort.abort();
    }

    /// As that of `FilmStream`.
    pub fn abort_address(&self) -> usize {
        keep(&self.abort)
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    js_sys::Date::now() as u64
}
