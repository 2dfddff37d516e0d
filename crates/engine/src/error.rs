//! The one error type of this crate: plain data, so that it crosses every border unchanged.

use std::collections::BTreeMap;

use kinora_formats::FormatError;
use kinora_models::ModelError;
use kinora_tensor::TensorError;
use serde::Serialize;

/// Why a request was refused or a job failed: a code for programs, a sentence for people, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    /// Stable name: `invalid_request`, `context_length_exceeded`, `aborted`, `out_of_memory`, `device_lost`,
    /// `model_refused`, `adapter_refused`, `model_missing`, `model_failed`, `grammar_missing`, `unsupported`, `internal`, and those of the film's stages.
    pub code: &'static str,
    /// Where it happened: `load`, `chat`, `film`, `storyboard`, `motion`, `paint`, `refine`, `export`, `compute`.
    pub stage: &'static str,
    /// Whether the same call may succeed when it is made again.
    pub retryable: bool,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The figures of the message by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<&'static str, u64>,
}

/// `Result` with this crate's error.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

impl EngineError {
    /// An error that another try does not cure.
    pub fn new(code: &'static str, stage: &'static str, message: String) -> Self {
        Self { code, stage, retryable: false, message, hint: None, details: BTreeMap::new() }
    }

    /// A request that asks for what cannot be; the message names the field.
    pub fn invalid_request(stage: &'static str, message: impl Into<String>) -> Self {
        Self::new("invalid_request", stage, message.into())
    }

    /// Adds what to do.
    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Adds a figure for programs.
    pub fn detail(mut self, name: &'static str, value: u64) -> Self {
        self.details.insert(name, value);
        self
    }

    /// Marks that another try may succeed.
    pub fn retry(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// The same error, told from another stage.
    pub fn at(mut self, stage: &'static str) -> Self {
        self.stage = stage;
        self
    }
}

/// A lost model that cannot be loaded again.
pub(crate) fn file_gone() -> EngineError {
    let message = "the device was lost, and the model's file is not at hand".to_string();
    EngineError::new("device_lost", "load", message).hint("Load the model again.").retry()
}

impl From<TensorError> for EngineError {
    fn from(e: TensorError) -> Self {
        let message = e.to_string();
        let new = |code| Self::new(code, "compute", message);
        match e {
            TensorError::Format(e) => e.into(),
            TensorError::Aborted => new("aborted"),
            TensorError::OutOfMemory { .. } => {
                new("out_of_memory").hint("Close other pages, or take a smaller model or size.")
            }
            TensorError::DeviceLost { .. } => {
                new("device_lost").retry().hint("Load the models again; the CPU always works.")
            }
            TensorError::Unsupported { .. } => new("unsupported"),
            TensorError::Shape { .. } | TensorError::DType { .. } | TensorError::Device { .. } => new("internal"),
        }
    }
}

impl From<FormatError> for EngineError {
    fn from(e: FormatError) -> Self {
        Self::new("model_refused", "load", format!("{e} [{}]", e.code()))
    }
}

impl From<ModelError> for EngineError {
    fn from(e: ModelError) -> Self {
        match e {
            ModelError::Tensor(e) => e.into(),
            ModelError::Format(e) => e.into(),
            ModelError::ContextFull { .. } => Self::new("context_length_exceeded", "chat", e.to_string()),
            ModelError::NonFinite { .. } => Self::new("model_failed", "compute", e.to_string()),
            ModelError::Shape { .. } | ModelError::Config(_) => Self::new("model_refused", "load", e.to_string()),
            ModelError::Vocabulary(_) | ModelError::Input(_) => Self::invalid_request("film", e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_crosses_as_plain_data_with_a_code_and_a_remedy() {
        let e = EngineError::from(TensorError::DeviceLost { reason: "sleep".into() }).at("paint");
        let json = serde_json::to_value(&e).unwrap();
        assert_eq!(json["code"], "device_lost");
        assert_eq!(json["stage"], "paint");
        assert_eq!(json["retryable"], true);
        assert!(json["hint"].as_str().unwrap().contains("CPU"));
        assert!(e.to_string().contains("sleep"));
        let plain = serde_json::to_value(EngineError::invalid_request("chat", "no messages")).unwrap();
        assert!(plain.get("hint").is_none() && plain["retryable"] == false);
    }

    #[test]
    fn a_model_error_keeps_the_code_of_its_cause() {
        assert_eq!(EngineError::from(ModelError::from(TensorError::Aborted)).code, "aborted");
        let full = ModelError::ContextFull { tokens: 3, used: 7, context: 8 };
        assert_eq!(EngineError::from(full).code, "context_length_exceeded");
    }
}
