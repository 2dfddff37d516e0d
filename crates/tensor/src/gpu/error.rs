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

/// An error that no scope caught. Validation and internal errors are bugs of ours or of the driver; what was computed
/// since cannot be trusted, so they end the device like a loss.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn uncaptured(e: &wgpu::Error) -> TensorError {
    match e {
        wgpu::Error::OutOfMemory { .. } => out_of_memory("a GPU allocation", 0),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => lost(description),
    }
}
