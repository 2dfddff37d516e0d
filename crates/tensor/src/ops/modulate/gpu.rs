//! The GPU kernel of this operation.

use crate::{GpuDevice, Result, Tensor, TensorError};

pub(super) fn modulate(_d: &GpuDevice, _x: &Tensor, _scale: &Tensor, _shift: &Tensor, _y: &Tensor) -> Result<()> {
    Err(TensorError::Unsupported { what: "modulate on the GPU".into() })
}
