//! A text model that is read a step at a time.

use std::rc::Rc;

use js_sys::Array;
use kinora_engine::{Engine, EngineError, TextOptions};
use kinora_formats::{GgufFile, ReadAt};
use wasm_bindgen::{JsValue, prelude::*};

use crate::{blob::BlobFile, convert::throw, incoming::IncomingFile};

/// A text model on its way into the engine; freeing it leaves the engine as it is.
#[wasm_bindgen]
pub struct ModelLoading(kinora_engine::ModelLoading);

/// The file that lies in `parts`, each a `Blob` (readable in workers only) or an incoming file.
pub(crate) fn open_parts(parts: &Array) -> Result<GgufFile, JsValue> {
    let file = |part: JsValue| -> Option<Rc<dyn ReadAt>> {
        match BlobFile::new(&part) {
            Some(blob) => Some(Rc::new(blob)),
            None => Some(Rc::new(IncomingFile::new(&part)?)),
        }
    };
    let files: Option<Vec<_>> = parts.iter().map(file).collect();
    let files =
        files.ok_or_else(|| throw(EngineError::invalid_request("load", "a part is neither a Blob nor a file")))?;
    GgufFile::open(files).map_err(|e| throw(EngineError::from(e)))
}

impl ModelLoading {
    /// `parts`: see [`open_parts`].
    pub fn begin(engine: &Engine, name: &str, parts: &Array, options: TextOptions) -> Result<Self, JsValue> {
        Ok(Self(engine.begin_text_model(name, &open_parts(parts)?, options).map_err(throw)?))
    }
}

#[wasm_bindgen]
impl ModelLoading {
    /// Bytes from the beginning of the file that the next step reads; nothing when all is read.
    pub fn needs(&self) -> Option<f64> {
        self.0.needs().map(|n| n as f64)
    }

    /// Bytes from the beginning of the file that will not be read again.
    pub fn read_to(&self) -> f64 {
        self.0.read_to() as f64
    }

    /// Reads the next part of the file.
    pub fn step(&mut self) -> Result<(), JsValue> {
        self.0.step().map_err(throw)
    }

    /// Hands the model to the engine.
    pub fn finish(self) -> Result<(), JsValue> {
        self.0.finish().map_err(throw)
    }
}
