//! Encoders: models that make a vector of a text.

use std::rc::Rc;
use std::sync::Arc;

use kinora_formats::config::EncoderConfig;
use kinora_formats::{GgufFile, Tokenizer};
use kinora_models::text::Encoder;
use kinora_tensor::Device;

use crate::chat::{About, about};
use crate::error::Result;
use crate::memory::{Budget, Held, encoder_scratch};

/// Loaded once, shared by all requests.
pub(crate) struct EncoderModel {
    pub encoder: Encoder,
    pub tokenizer: Arc<Tokenizer>,
    pub bytes: u64,
    pub about: About,
    /// To load it again where a GPU was lost; a CPU never is.
    pub file: Option<GgufFile>,
    _held: Option<Held>,
}

impl EncoderModel {
    /// # Errors
    /// `model_refused`, `out_of_memory`.
    pub fn load(file: &GgufFile, device: &Device, budget: &Rc<Budget>) -> Result<Self> {
        let bytes = file.gguf().tensors().map(|t| t.bytes).sum();
        let scratch = encoder_scratch(&EncoderConfig::read(file.gguf())?);
        Ok(Self {
            _held: budget.hold_model(device, bytes + scratch)?,
            tokenizer: Arc::new(Tokenizer::from_gguf(file.gguf())?),
            encoder: Encoder::load(file, device)?,
            about: about(file)?,
            file: matches!(device, Device::Gpu(_)).then(|| file.clone()),
            bytes,
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
