//! The one error type of this crate.

use kinora_formats::FormatError;
use kinora_tensor::TensorError;

/// Why a network could not be loaded or run.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ModelError {
    /// The file's bytes are not what its header says, or a tensor is missing.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The device refused: shapes, memory, loss, a stop.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A tensor has another shape than the network's sizes demand.
    #[error("{name} has shape {got:?}, expected {expected}")]
    Shape { name: String, got: Vec<usize>, expected: String },
    /// The sizes of the network do not fit together, or the file is of another architecture.
    #[error("{0}")]
    Config(String),
    /// A word or an index outside the model's vocabulary.
    #[error(transparent)]
    Vocabulary(#[from] crate::video::layout::VocabularyError),
    /// What the caller asks for does not fit the network.
    #[error("{0}")]
    Input(String),
    /// A network computed something that is no number.
    #[error("{place} computes values that are not finite: the weights there are damaged. Download the model again")]
    NonFinite {
        /// The first place where they appear: the embedding, a block, the output.
        place: String,
    },
    /// More tokens than the context holds.
    #[error("{tokens} tokens do not fit: {used} of {context} places of the context are taken")]
    ContextFull { tokens: usize, used: usize, context: usize },
}

/// `Result` with this crate's error.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;

impl ModelError {
    pub(crate) fn shape(name: &str, got: &[usize], expected: String) -> Self {
        Self::Shape { name: name.to_string(), got: got.to_vec(), expected }
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::Config(format!("the file has no tensor {name} of the rank that the architecture takes"))
    }
}
