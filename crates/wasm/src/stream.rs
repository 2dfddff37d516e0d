//! Running jobs: the page pulls one event at a time.

use std::cell::Cell;

use js_sys::{Object, Reflect, Uint8ClampedArray};
use kinora_engine::{
    Abort,
    film::{self, Frame},
};
use wasm_bindgen::prelude::*;

use crate::convert::{busy, throw, to_js};

/// An address for the page, valid for the life of the engine: it may be written after the job has ended.
pub(crate) fn keep(abort: &Abort) -> usize {
    if !cfg!(target_feature = "atomics") {
        return 0;
    }
    std::mem::forget(abort.clone());
    abort.address()
}

/// What a job that is not computing at the moment says of itself; false of one that is.
pub(crate) fn peek<T>(job: &Cell<Option<T>>, ask: impl Fn(&T) -> bool) -> bool {
    let taken = job.take();
    let answer = taken.as_ref().is_some_and(ask);
    if taken.is_some() {
        job.set(taken);
    }
    answer
}

/// A film in the making.
#[wasm_bindgen]
pub struct FilmStream {
    stream: Cell<Option<film::FilmStream>>,
    abort: Abort,
}

impl FilmStream {
    pub(crate) fn new(stream: film::FilmStream) -> Self {
        let abort = stream.abort_handle();
        Self { stream: Cell::new(Some(stream)), abort }
    }
}

#[wasm_bindgen]
impl FilmStream {
    /// As that of `OpenAiStream`.
    pub fn needs_grammars(&self) -> bool {
        peek(&self.stream, film::FilmStream::needs_grammars)
    }

    /// The next event, or `undefined` after the last. Nothing is computed until it is asked for.
    pub async fn next(&self) -> Result<JsValue, JsValue> {
        let mut stream = self.stream.take().ok_or_else(|| busy("film"))?;
        let event = stream.next().await;
        self.stream.set(Some(stream));
        let Some(event) = event.map_err(throw)? else { return Ok(JsValue::UNDEFINED) };
        let object = to_js(&event)?;
        if let Some(frame) = event.frame() {
            Reflect::set(&object, &"frame".into(), &frame_to_js(frame)?.into())?;
        }
        Ok(object)
    }

    /// Stops the job; may be called while `next` waits.
    pub fn abort(&self) {
        self.abort.abort();
    }

    /// Where the byte lies that stops the job when it is 1; 0 where memory is not shared. 16 bytes stay allocated a job.
    pub fn abort_address(&self) -> usize {
        keep(&self.abort)
    }
}

fn frame_to_js(frame: &Frame) -> Result<Object, JsValue> {
    let object = Object::new();
    Reflect::set(&object, &"width".into(), &frame.width.into())?;
    Reflect::set(&object, &"height".into(), &frame.height.into())?;
    Reflect::set(&object, &"rgba".into(), &Uint8ClampedArray::from(&frame.rgba[..]))?;
    Ok(object)
}
