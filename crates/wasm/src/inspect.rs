//! What a model file holds, without running it.

use kinora_engine::EngineError;
use kinora_formats::{Gguf, SafeTensors};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::convert::{throw, to_js};

#[derive(Serialize)]
struct Summary {
    format: &'static str,
    /// `general.architecture` of a GGUF.
    architecture: Option<String>,
    tensors: Vec<TensorSummary>,
}

#[derive(Serialize)]
struct TensorSummary {
    name: String,
    shape: Vec<u64>,
}

/// The tensors of a GGUF or safetensors file; an error says why it is refused.
#[wasm_bindgen]
pub fn inspect(bytes: &[u8]) -> Result<JsValue, JsValue> {
    let refused = |e: kinora_formats::FormatError| throw(EngineError::from(e));
    let summary = if bytes.starts_with(b"GGUF") {
        let gguf = Gguf::parse(bytes).map_err(refused)?;
        let architecture = gguf.get_str("general.architecture").map_err(refused)?.map(str::to_string);
        let tensors = gguf.tensors().map(|t| TensorSummary { name: t.name.clone(), shape: t.shape.clone() }).collect();
        Summary { format: "gguf", architecture, tensors }
    } else {
        let file = SafeTensors::parse(bytes).map_err(refused)?;
        let tensors = file.tensors().map(|t| TensorSummary { name: t.name.clone(), shape: t.shape.clone() }).collect();
        Summary { format: "safetensors", architecture: None, tensors }
    };
    to_js(&summary)
}
