//! What a model file holds, without running it.

use kinora_engine::EngineError;
use kinora_formats::check::{CheckedGguf, CheckedTemplate, FileKind};
use kinora_formats::{Gguf, SafeTensors, TokenizerJson};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::convert::{throw, to_js};

#[derive(Serialize)]
#[serde(tag = "format", rename_all = "lowercase")]
enum Summary {
    Gguf {
        /// `general.architecture`.
        architecture: Option<String>,
        tensors: Vec<TensorSummary>,
    },
    SafeTensors {
        tensors: Vec<TensorSummary>,
    },
    /// A `tokenizer.json`.
    Tokenizer {
        model: &'static str,
        tokens: usize,
    },
    /// A chat template; `characters` of a conversation of two messages.
    Template {
        characters: usize,
    },
}

#[derive(Serialize)]
struct TensorSummary {
    name: String,
    shape: Vec<u64>,
}

/// What a file holds: a GGUF with its tokenizer, template and config, safetensors, a `tokenizer.json` or a template. An error
/// says why it is refused. `name`: the file's, empty where it has none.
#[wasm_bindgen]
pub fn inspect(name: &str, bytes: &[u8]) -> Result<JsValue, JsValue> {
    let refused = |e: kinora_formats::FormatError| throw(EngineError::from(e));
    let summary = match FileKind::of(name, bytes) {
        FileKind::Gguf => {
            let gguf = Gguf::parse(bytes).map_err(refused)?;
            CheckedGguf::of(&gguf).map_err(refused)?;
            let architecture = gguf.get_str("general.architecture").map_err(refused)?.map(str::to_string);
            let tensors = gguf.tensors().map(|t| TensorSummary { name: t.name.clone(), shape: t.shape.clone() });
            Summary::Gguf { architecture, tensors: tensors.collect() }
        }
        FileKind::SafeTensors => {
            let file = SafeTensors::parse(bytes).map_err(refused)?;
            let tensors = file.tensors().map(|t| TensorSummary { name: t.name.clone(), shape: t.shape.clone() });
            Summary::SafeTensors { tensors: tensors.collect() }
        }
        FileKind::Tokenizer => {
            let tokenizer = TokenizerJson::parse(bytes).map_err(refused)?;
            Summary::Tokenizer { model: tokenizer.model, tokens: tokenizer.tokens }
        }
        FileKind::Template => {
            let source = std::str::from_utf8(bytes);
            let source =
                source.map_err(|_| throw(EngineError::invalid_request("load", "the template is not UTF-8 text")))?;
            Summary::Template { characters: CheckedTemplate::of_source(source).map_err(refused)?.characters }
        }
    };
    to_js(&summary)
}
