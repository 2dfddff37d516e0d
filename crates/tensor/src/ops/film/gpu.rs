//! The GPU kernel of this operation.

use crate::{GpuDevice, Result, Tensor, TensorError};

pub(super) fn film(
    _d: &GpuDevice,
    _x: &Tensor,
    _scale: &Tensor,
    _shift: &Tensor,
    _index: &Tensor,
    _y: &Tensor,
) -> Result<()> {
    Err(TensorError::Unsupported { what: "film on the GPU".into() })
}
