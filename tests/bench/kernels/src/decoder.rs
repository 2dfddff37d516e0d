//! A text model in a page, for comparisons with recorded logits.

use kinora_formats::GgufFile;
use kinora_models::text::Decoder;
use kinora_tensor::Device;
use wasm_bindgen::prelude::*;

/// A loaded text model.
#[wasm_bindgen]
pub struct PageDecoder(Decoder);

fn failed(e: impl std::fmt::Display) -> JsError {
    JsError::new(&e.to_string())
}

#[wasm_bindgen]
impl PageDecoder {
    /// From the bytes of a GGUF; `device` is `cpu`, `exact` (the CPU without rounded activations) or `gpu`.
    pub async fn load(file: Vec<u8>, device: &str) -> Result<PageDecoder, JsError> {
        let device = match (device, Device::cpu(1)) {
            ("gpu", _) => Device::gpu().await.map_err(failed)?,
            ("exact", Device::Cpu(cpu)) => Device::Cpu(cpu.exact()),
            (_, cpu) => cpu,
        };
        let file = GgufFile::from_bytes(file).map_err(failed)?;
        Ok(PageDecoder(Decoder::load(&file, &device).map_err(failed)?))
    }

    /// Logits [T, vocab] after each of `tokens`, read at once or (`one_by_one`) behind each other.
    pub async fn logits(&self, tokens: Vec<u32>, one_by_one: bool) -> Result<Vec<f32>, JsError> {
        let mut cache = self.0.new_cache(tokens.len()).map_err(failed)?;
        let mut all = Vec::new();
        for part in tokens.chunks(if one_by_one { 1 } else { tokens.len().max(1) }) {
            let logits = self.0.forward_all(part, &mut cache).map_err(failed)?;
            all.extend(logits.to_vec().await.map_err(failed)?);
            self.0.device().reset_arena();
        }
        Ok(all)
    }
}
