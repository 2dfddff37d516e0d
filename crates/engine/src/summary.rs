//! What the header of a text model says, before anything of the rest is read.

use std::collections::BTreeMap;

use kinora_formats::config::{EncoderConfig, is_encoder};
use kinora_formats::{FormatError, Gguf};
use serde::Serialize;

use crate::memory::text_config;

/// What a GGUF file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A model that writes text.
    Text,
    /// A model that makes vectors of texts.
    Encoder,
    /// A low-rank adapter of a model.
    Adapter,
}

impl Kind {
    /// What the header says.
    ///
    /// # Errors
    /// A `general.type` that is no text.
    pub fn of(gguf: &Gguf) -> Result<Self, FormatError> {
        Ok(match gguf.get_str("general.type")? {
            Some("adapter") => Self::Adapter,
            _ if is_encoder(gguf) => Self::Encoder,
            _ => Self::Text,
        })
    }
}

/// What is worth knowing of a text model before it is loaded, and while it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TextSummary {
    pub kind: Kind,
    /// `general.architecture`: of an adapter, that of its models.
    pub architecture: String,
    /// The block type that most bytes of the weights have, such as `Q8_0`.
    pub quantisation: &'static str,
    /// Values of all tensors.
    pub parameters: u64,
    /// Tokens of a conversation that the model was trained for; 0 for an adapter.
    pub context: u32,
    /// `general.name`; empty where the file has none.
    pub title: String,
}

impl TextSummary {
    /// Reads a header, which may be that of the first part of a split file.
    ///
    /// # Errors
    /// What the engine does not run, and why; see [`kinora_formats::TextConfig::read`]. Of a split file only what its first
    /// part shows.
    pub fn of(gguf: &Gguf) -> Result<Self, FormatError> {
        let text = |key| Ok::<_, FormatError>(gguf.get_str(key)?.unwrap_or_default().to_string());
        let architecture = text("general.architecture")?;
        let mut by_type = BTreeMap::new();
        for tensor in gguf.tensors() {
            *by_type.entry(tensor.ty.name()).or_insert(0u64) += tensor.bytes;
        }
        let kind = Kind::of(gguf)?;
        match kind {
            Kind::Adapter => {}
            Kind::Encoder => {
                EncoderConfig::read(gguf)?;
            }
            Kind::Text => {
                text_config(gguf)?;
            }
        }
        Ok(Self {
            kind,
            quantisation: by_type.into_iter().max_by_key(|(_, bytes)| *bytes).map_or("", |(name, _)| name),
            parameters: gguf.tensors().map(|t| t.shape.iter().product::<u64>()).sum(),
            context: gguf.get_u32(&format!("{architecture}.context_length"))?.unwrap_or(0),
            title: text("general.name")?,
            architecture,
        })
    }
}
