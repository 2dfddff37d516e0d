//! What the header of a text model says, before anything of the rest is read.

use std::collections::BTreeMap;

use kinora_formats::{FormatError, Gguf, TextConfig};
use serde::Serialize;

/// What is worth knowing of a text model before it is loaded, and while it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TextSummary {
    /// `general.architecture`.
    pub architecture: String,
    /// The block type that most bytes of the weights have, such as `Q8_0`.
    pub quantisation: &'static str,
    /// Values of all tensors.
    pub parameters: u64,
    /// Tokens of a conversation that the model was trained for.
    pub context: u32,
    /// `general.name`; empty where the file has none.
    pub title: String,
    /// Bytes of keys and values that one token of a conversation takes, in f32; 0 where the first part of a split file does
    /// not say it.
    pub cache_bytes_per_token: u64,
}

impl TextSummary {
    /// Reads a header, which may be that of the first part of a split file.
    ///
    /// # Errors
    /// What the engine does not run, and why; see [`TextConfig::read`]. Of a split file only what its first part shows.
    pub fn of(gguf: &Gguf) -> Result<Self, FormatError> {
        let text = |key| Ok::<_, FormatError>(gguf.get_str(key)?.unwrap_or_default().to_string());
        let architecture = text("general.architecture")?;
        let mut by_type = BTreeMap::new();
        for tensor in gguf.tensors() {
            *by_type.entry(tensor.ty.name()).or_insert(0u64) += tensor.bytes;
        }
        // The first part of a split file has the hyper-parameters and not all tensors: those are checked when it is loaded.
        let split = gguf.get_u32("split.count")?.unwrap_or(1) > 1;
        let config = match TextConfig::read(gguf) {
            Err(e) if split && !matches!(e, FormatError::Unsupported { .. }) => None,
            read => Some(read?),
        };
        Ok(Self {
            quantisation: by_type.into_iter().max_by_key(|(_, bytes)| *bytes).map_or("", |(name, _)| name),
            parameters: gguf.tensors().map(|t| t.shape.iter().product::<u64>()).sum(),
            context: gguf.get_u32(&format!("{architecture}.context_length"))?.unwrap_or(0),
            title: text("general.name")?,
            cache_bytes_per_token: config
                .map_or(0, |c| (c.n_layer * c.n_head_kv * c.head_dim * 2 * size_of::<f32>()) as u64),
            architecture,
        })
    }
}
