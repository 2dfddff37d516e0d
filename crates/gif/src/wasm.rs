//! The writer as JavaScript calls it. Errors are strings.

use wasm_bindgen::{Clamped, prelude::*};

/// Runs when this module is started.
#[wasm_bindgen(start)]
pub fn start() {
    kinora_panic_hook::install();
}

/// Collects frames and gives the file.
#[wasm_bindgen]
pub struct GifWriter(Option<crate::GifWriter>);

#[wasm_bindgen]
impl GifWriter {
    /// For frames of `width` × `height` pixels, `fps` a second.
    #[wasm_bindgen(constructor)]
    pub fn new(width: u32, height: u32, fps: f32) -> Result<GifWriter, String> {
        crate::GifWriter::new(width, height, fps).map(|writer| Self(Some(writer))).map_err(|e| e.to_string())
    }

    /// Appends a frame of RGBA bytes.
    pub fn push(&mut self, rgba: Clamped<Vec<u8>>) -> Result<(), String> {
        self.0.as_mut().ok_or("this GIF is finished")?.push(&rgba.0).map_err(|e| e.to_string())
    }

    /// The file's bytes; once.
    pub fn finish(&mut self) -> Result<Vec<u8>, String> {
        self.0.take().ok_or("this GIF is finished")?.finish().map_err(|e| e.to_string())
    }
}
