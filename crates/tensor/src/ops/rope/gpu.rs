//! The GPU kernel of this operation.

use crate::{GpuDevice, Result, Tensor, TensorError};

pub(super) fn rope(
    _d: &GpuDevice,
    _x: &Tensor,
    _cos: &Tensor,
    _sin: &Tensor,
    _style: super::RopeStyle,
    _y: &Tensor,
) -> Result<()> {
    Err(TensorError::Unsupported { what: "rope on the GPU".into() })
}
