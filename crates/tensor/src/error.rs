//! The one error type of this crate.

use crate::DType;

/// What an operation refuses, or what a device could not do. No operation panics on any input.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TensorError {
    /// An argument has a shape the operation cannot take.
    #[error("{op}: {arg} has shape {got:?}, expected {expected}")]
    Shape { op: &'static str, arg: &'static str, got: Vec<usize>, expected: String },
    /// An argument has an element type the operation cannot take.
    #[error("{op}: {arg} is {got}, expected {expected}")]
    DType { op: &'static str, arg: &'static str, got: DType, expected: &'static str },
    /// A weight could not be read from its file.
    #[error(transparent)]
    Format(#[from] kinora_formats::FormatError),
    /// Two arguments live on different devices.
    #[error("{op}: {arg} is on another device than the first argument")]
    Device { op: &'static str, arg: &'static str },
    /// Memory ran out: what did not fit, and what would help.
    #[error("out of memory: {what} needs {bytes} bytes; {remedy}")]
    OutOfMemory { what: String, bytes: u64, remedy: String },
    /// The GPU went away (driver reset, sleep, the browser took it back). Make a new device and load again.
    #[error("the GPU device was lost ({reason}); make a new device and load the models again")]
    DeviceLost { reason: String },
    /// The job was stopped through its [`Abort`](crate::Abort).
    #[error("stopped on request")]
    Aborted,
    /// The device or type cannot do this.
    #[error("not supported: {what}")]
    Unsupported { what: String },
}

/// `Result` with this crate's error.
pub type Result<T, E = TensorError> = std::result::Result<T, E>;

impl TensorError {
    /// `Unsupported`, from anything printable.
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        TensorError::Unsupported { what: what.into() }
    }
}
