//! What the beginning of a model file says, before the rest of it is fetched.

use kinora_engine::{Engine, EngineError, Estimate, TextSummary};
use kinora_formats::{FormatError, Gguf, HeaderRead};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::convert::{from_js, throw, to_js};
use crate::engine::{MEMORY, TextChoice};

/// In place of the size of a file of unknown size; integers up to here are exact in JavaScript.
const UNKNOWN: u64 = 1 << 53;

/// The header is whole, or more of the file is needed.
#[derive(Serialize)]
#[serde(untagged)]
enum Read {
    More { need: u64 },
    Done { about: TextSummary, bytes: u64, header: u64, estimate: Option<Estimate> },
}

/// Reads the header of a GGUF file from its first bytes. `file_bytes`: the size of the file, negative where it is unknown.
/// `{ need }` where `head` ends too early, else `{ about, bytes, header, estimate }` with the size that the header tells, its
/// own and, where `options` (`{ contextTokens?, kvCache?, otherBytes? }`) are given, what a model takes in memory. Errors say why
/// the file is refused: broken, cut short, or of an architecture that the engine does not run.
#[wasm_bindgen]
pub fn read_header(head: &[u8], file_bytes: f64, options: JsValue) -> Result<JsValue, JsValue> {
    let parsed = match Gguf::parse_header(head, if file_bytes < 0.0 { UNKNOWN } else { file_bytes as u64 }) {
        // Of a file of unknown size everything behind the last tensor seems too much: the size is what lies before that.
        Err(FormatError::Trailing { at, .. }) if file_bytes < 0.0 => Gguf::parse_header(head, at),
        parsed => parsed,
    };
    let read = match parsed.map_err(refused)? {
        HeaderRead::More(need) => Read::More { need },
        HeaderRead::Done(gguf) => {
            let options: Option<TextChoice> = from_js(options, "load")?;
            let estimate = options
                .map(|options| Engine::estimate(&gguf, &options.options()?, Some(MEMORY), options.other_bytes as u64))
                .transpose()
                .map_err(throw)?;
            let about = TextSummary::of(&gguf).map_err(refused)?;
            Read::Done { about, bytes: gguf.total_len(), header: gguf.header_len(), estimate }
        }
    };
    to_js(&read)
}

fn refused(e: FormatError) -> JsValue {
    throw(EngineError::from(e))
}
