//! What the beginning of a model file says, before the rest of it is fetched.

use std::collections::BTreeMap;

use kinora_engine::EngineError;
use kinora_formats::{FormatError, Gguf, HeaderRead, TextConfig};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::convert::{throw, to_js};

/// In place of the size of a file of unknown size; integers up to here are exact in JavaScript.
const UNKNOWN: u64 = 1 << 53;

/// The header is whole, or more of the file is needed.
#[derive(Serialize)]
#[serde(untagged)]
enum Read {
    More { need: u64 },
    Done { about: About, bytes: u64 },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct About {
    architecture: String,
    quantisation: &'static str,
    parameters: u64,
    context: u32,
    title: String,
    cache_bytes_per_token: u64,
}

/// Reads the header of a GGUF file from its first bytes. `file_bytes`: the size of the file, negative where it is unknown.
/// `{ need }` where `head` ends too early, else `{ about, bytes }` with the size that the header tells. Errors say why the
/// file is refused: broken, cut short, or of an architecture that the engine does not run.
#[wasm_bindgen]
pub fn read_header(head: &[u8], file_bytes: f64) -> Result<JsValue, JsValue> {
    let parsed = match Gguf::parse_header(head, if file_bytes < 0.0 { UNKNOWN } else { file_bytes as u64 }) {
        // Of a file of unknown size everything behind the last tensor seems too much: the size is what lies before that.
        Err(FormatError::Trailing { at, .. }) if file_bytes < 0.0 => Gguf::parse_header(head, at),
        parsed => parsed,
    };
    let read = match parsed.map_err(refused)? {
        HeaderRead::More(need) => Read::More { need },
        HeaderRead::Done(gguf) => Read::Done { about: about(&gguf).map_err(refused)?, bytes: gguf.total_len() },
    };
    to_js(&read)
}

fn about(gguf: &Gguf) -> Result<About, FormatError> {
    let text = |key| Ok::<_, FormatError>(gguf.get_str(key)?.unwrap_or_default().to_string());
    let architecture = text("general.architecture")?;
    let mut by_type = BTreeMap::new();
    for tensor in gguf.tensors() {
        *by_type.entry(tensor.ty.name()).or_insert(0u64) += tensor.bytes;
    }
    let values = gguf.tensors().map(|t| t.shape.iter().product::<u64>()).sum();
    let context = gguf.get_u32(&format!("{architecture}.context_length"))?.unwrap_or(0);
    // The first part of a split file has the hyper-parameters and not all tensors: those are checked when it is loaded.
    let split = gguf.get_u32("split.count")?.unwrap_or(1) > 1;
    let config = match TextConfig::read(gguf) {
        Err(e) if split && !matches!(e, FormatError::Unsupported { .. }) => None,
        read => Some(read?),
    };
    Ok(About {
        quantisation: by_type.into_iter().max_by_key(|(_, bytes)| *bytes).map_or("", |(name, _)| name),
        parameters: values,
        context,
        title: text("general.name")?,
        // keys and values in f32
        cache_bytes_per_token: config.map_or(0, |c| (c.n_layer * c.n_head_kv * c.head_dim * 2 * 4) as u64),
        architecture,
    })
}

fn refused(e: FormatError) -> JsValue {
    throw(EngineError::from(e))
}
