//! The API over one engine: requests in, answers out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use kinora_tensor::Abort;
use serde_json::{Value, json};

use super::error::{ApiError, Result};
use super::exchange::{Exchange, Request};
use super::responses::Store;
use super::route::{Endpoint, route};
use super::{chat, common, completions, embeddings, models, responses};
use crate::Engine;
use crate::constrain::GRAMMAR_MISSING;

/// Answers requests of the OpenAI API with one engine. Cloning is cheap and shares it.
#[derive(Clone)]
pub struct Service {
    engine: Engine,
    now: fn() -> u64,
    made: Rc<Cell<u64>>,
    store: Rc<RefCell<Store>>,
}

/// What tells one answer from another.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    /// The part of ids behind `chatcmpl-` and its like.
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// A seed for a request that brings none.
    pub seed: u64,
    began: u64,
    now: fn() -> u64,
}

impl Stamp {
    /// Milliseconds since the answer was opened.
    pub fn elapsed(&self) -> u64 {
        (self.now)().saturating_sub(self.began)
    }
}

impl Service {
    /// `now` gives milliseconds since 1970.
    pub fn new(engine: Engine, now: fn() -> u64) -> Self {
        Self { engine, now, made: Rc::default(), store: Rc::default() }
    }

    /// The engine that answers.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Opens the answer to a request. Nothing is computed until [`Exchange::next`], and a refusal is an answer too.
    pub fn open(&self, request: Request) -> Exchange {
        match self.route(&request) {
            Err(e) if e.code == GRAMMAR_MISSING => Exchange::waiting(self.clone(), request),
            exchange => exchange.unwrap_or_else(|e| Exchange::ready(Err(e))),
        }
    }

    /// As [`Self::open`], where the answer waits for nothing any more.
    pub(super) fn open_now(&self, request: &Request) -> Exchange {
        self.route(request).unwrap_or_else(|e| Exchange::ready(Err(e)))
    }

    /// The answer where too many requests wait already.
    pub fn queue_full(&self, waiting: usize) -> Exchange {
        let message = format!("{waiting} requests wait already. Send this one again in a second.");
        Exchange::ready(Err(ApiError::new(503, "queue_full", message)))
    }

    fn route(&self, Request { method, path, body, abort }: &Request) -> Result<Exchange> {
        let endpoint = route(method, path)?;
        let json = || common::parse(body);
        let abort = abort.clone();
        match endpoint {
            Endpoint::ChatCompletions => self.post(json()?, abort, chat::open),
            Endpoint::Completions => self.post(json()?, abort, completions::open),
            Endpoint::Responses => responses::open(&self.engine, &json()?, self.stamp(), abort, &self.store),
            Endpoint::Embeddings => embeddings::open(&self.engine, &json()?, abort),
            Endpoint::Response { id, delete: false } => {
                Ok(Exchange::ready(self.store.borrow().get(&id).map(|kept| kept.response.clone())))
            }
            Endpoint::Response { id, delete: true } => {
                let deleted = json!({ "id": id, "object": "response", "deleted": true });
                Ok(Exchange::ready(self.store.borrow_mut().delete(&id).map(|()| deleted)))
            }
            Endpoint::Models => Ok(Exchange::ready(Ok(models::list(&self.engine)))),
            Endpoint::Model { id, delete: false } => Ok(Exchange::ready(models::one(&self.engine, &id))),
            Endpoint::Model { id, delete: true } => Ok(Exchange::ready(models::remove(&self.engine, &id))),
        }
    }

    fn post(
        &self,
        body: Value,
        abort: Abort,
        open: fn(&Engine, &Value, Stamp, Abort) -> Result<Exchange>,
    ) -> Result<Exchange> {
        open(&self.engine, &body, self.stamp(), abort)
    }

    fn stamp(&self) -> Stamp {
        let (now, made) = ((self.now)(), self.made.get());
        self.made.set(made + 1);
        // SplitMix64: neighbouring answers get seeds that have nothing in common
        let mut seed = now.wrapping_add(made.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        seed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        seed = (seed ^ seed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        // 53 bits: a JavaScript number holds it, so that it can be given again
        let id = format!("{now:x}{made:04x}");
        Stamp { id, created: now / 1000, seed: (seed ^ seed >> 31) >> 11, began: now, now: self.now }
    }
}
