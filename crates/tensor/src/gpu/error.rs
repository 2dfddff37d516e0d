//! What the GPU reports, as this crate's errors.

use crate::TensorError;

/// The device is gone.
pub(super) fn lost(reason: impl Into<String>) -> TensorError {
    TensorError::DeviceLost { reason: reason.into() }
}

/// `what` did not fit into the GPU's memory.
pub(super) fn out_of_memory(what: &str, bytes: u64) -> TensorError {
    TensorError::OutOfMemory {
        what: what.to_owned(),
        bytes,
        remedy: "close other pages that use the GPU, take a smaller model or picture, or use the CPU device".to_owned(),
    }
}

/// `bytes` are more than one WebGPU binding is guaranteed to hold.
pub(super) fn too_large(what: &str, bytes: u64, limit: u64) -> TensorError {
    TensorError::Unsupported { what: format!("{what} of {bytes} bytes on the GPU: one buffer holds {limit} at most") }
}
