//! Encoders: models that make a vector of a text.

use std::sync::Arc;

use kinora_formats::{GgufFile, Tokenizer};
use kinora_models::text::Encoder;
use kinora_tensor::Device;

use crate::chat::{About, about};
use crate::error::Result;

/// Loaded once, shared by all requests.
pub(crate) struct EncoderModel {
    pub encoder: Encoder,
    pub tokenizer: Arc<Tokenizer>,
    pub bytes: u64,
    pub about: About,
}

impl EncoderModel {
    /// # Errors
    /// `model_refused`, `out_of_memory`.
    pub fn load(file: &GgufFile, device: &Device) -> Result<Self> {
        Ok(Self {
            tokenizer: Arc::new(Tokenizer::from_gguf(file.gguf())?),
            encoder: Encoder::load(file, device)?,
            about: about(file)?,
            bytes: file.gguf().tensors().map(|t| t.bytes).sum(),
        })
    }
}

/// A text as a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// Of length one.
    pub vector: Vec<f32>,
    /// Tokens of the text.
    pub tokens: usize,
}
