//! Encoders: models that make a vector of a text.

use std::rc::Rc;
use std::sync::Arc;

use kinora_formats::config::EncoderConfig;
use kinora_formats::{GgufFile, Tokenizer};
use kinora_models::text::Encoder;
use kinora_tensor::{Abort, Device};

use crate::EngineError;
use crate::chat::{About, Prompt, about};
use crate::error::{Result, file_gone};
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

impl EncoderModel {
    /// The vector of a text.
    ///
    /// # Errors
    /// `context_length_exceeded`, `invalid_request` for tokens that are none, `aborted`, `device_lost`.
    pub async fn embed(&self, input: &Prompt, abort: &Abort) -> Result<Embedding> {
        self.encoder.device().turn(abort).await?;
        let tokens = match input {
            Prompt::Text(text) => self.tokenizer.encode_framed(text, false)?,
            Prompt::Tokens(tokens) => tokens.clone(),
        };
        let most = self.encoder.config().context;
        if tokens.len() > most {
            let n = tokens.len();
            let message = format!("the text is {n} tokens long, and the model reads at most {most}");
            return Err(EngineError::new("context_length_exceeded", "embed", message).hint("Shorten it."));
        }
        let vector = self.encoder.embed(&tokens).await?;
        self.encoder.device().reset_arena();
        Ok(Embedding { vector, tokens: tokens.len() })
    }

    /// The same model on another device.
    ///
    /// # Errors
    /// As [`Self::load`]; `device_lost` where its file is not at hand.
    pub fn load_again(&self, device: &Device, budget: &Rc<Budget>) -> Result<Self> {
        let file = self.file.as_ref().ok_or_else(file_gone)?;
        Self::load(file, device, budget)
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
