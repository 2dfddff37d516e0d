//! Bytes from outside become typed views: GGUF, safetensors, quantised blocks, tokenizers and chat templates.
//!
//! No I/O, no GPU, and no panic on any input. Readers check a whole header before they hand out anything: sizes are
//! `u64` until they are known to fit, nothing is allocated from a declared count, and every error is data with an
//! offset, a [code](FormatError::code) and a sentence that says what to do.
//!
//! ```
//! use kinora_formats::{BlockType, GgufFile, GgufWriter, TensorSource};
//!
//! let mut writer = GgufWriter::new();
//! writer.str("general.architecture", "llama")?;
//! writer.tensor("w", &[2, 4], BlockType::F32, &[0; 32])?;
//! let file = GgufFile::from_bytes(writer.finish()?)?;
//! assert_eq!(file.tensor("w")?.shape, [2, 4]);
//! # Ok::<(), kinora_formats::FormatError>(())
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::string_slice
    )
)]

mod block;
pub mod check;
pub mod config;
mod cursor;
mod error;
pub mod gguf;
pub mod quant;
pub mod safetensors;
pub mod template;
pub mod tokenizer;
pub mod tokenizer_json;
mod view;

pub use block::BlockType;
pub use config::TextConfig;
pub use error::{FormatError, Shown, shown};
pub use gguf::{Gguf, GgufFile, GgufWriter, MetaArray, MetaValue};
pub use safetensors::{SafeTensors, SafeTensorsFile, SafetensorsWriter};
pub use template::{CallPart, ChatTemplate, Message, RenderInput, TemplateFeatures, ToolDialect};
pub use tokenizer::{Detokenizer, Tokenizer};
pub use tokenizer_json::TokenizerJson;
pub use view::{HeaderRead, ReadAt, TensorSource, TensorView};
