//! The engine's GIF writer, fed frame by frame.

use kinora_engine::{EngineError, film::Frame, gif};
use wasm_bindgen::{Clamped, prelude::*};

use crate::convert::throw;

/// Collects frames and gives the file.
#[wasm_bindgen]
pub struct GifWriter {
    writer: Option<gif::GifWriter>,
    width: u32,
    height: u32,
}

#[wasm_bindgen]
impl GifWriter {
    /// For frames of `width` × `height` pixels, `fps` a second.
    #[wasm_bindgen(constructor)]
    pub fn new(width: u32, height: u32, fps: f32) -> Result<GifWriter, JsValue> {
        let writer = gif::GifWriter::new(width, height, fps).map_err(throw)?;
        Ok(GifWriter { writer: Some(writer), width, height })
    }

    /// Appends a frame of RGBA bytes.
    pub fn push(&mut self, rgba: Clamped<Vec<u8>>) -> Result<(), JsValue> {
        let frame = Frame { width: self.width, height: self.height, rgba: rgba.0 };
        self.writer.as_mut().ok_or_else(finished)?.push(&frame).map_err(throw)
    }

    /// The file's bytes; once.
    pub fn finish(&mut self) -> Result<Vec<u8>, JsValue> {
        self.writer.take().ok_or_else(finished)?.finish().map_err(throw)
    }
}

fn finished() -> JsValue {
    throw(EngineError::invalid_request("export", "this GIF is finished"))
}
