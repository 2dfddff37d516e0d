//! A file on its way into the worker: read like one that is there, by who knows how far it has come.

use js_sys::{Function, Reflect};
use kinora_formats::{FormatError, ReadAt, shown};
use wasm_bindgen::{JsCast, JsValue, prelude::*};

#[wasm_bindgen]
extern "C" {
    /// `{ size, read(offset, into) }`: `read` fills `into` and throws where bytes are not there.
    type Incoming;

    #[wasm_bindgen(method, getter)]
    fn size(this: &Incoming) -> f64;

    #[wasm_bindgen(method, catch)]
    fn read(this: &Incoming, offset: f64, into: &mut [u8]) -> Result<(), JsValue>;
}

/// A file that comes in pieces.
pub struct IncomingFile(Incoming);

impl IncomingFile {
    /// `None` for what cannot be read.
    pub fn new(value: &JsValue) -> Option<Self> {
        Reflect::get(value, &"read".into()).ok()?.dyn_ref::<Function>()?;
        Some(Self(value.clone().unchecked_into()))
    }
}

impl ReadAt for IncomingFile {
    fn size(&self) -> u64 {
        self.0.size() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        // Offsets up to 2^53 are exact in JavaScript.
        self.0.read(offset as f64, out).map_err(|why| FormatError::Read {
            at: offset,
            message: shown(why.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{why:?}"), |e| e.message().into())),
        })
    }
}
