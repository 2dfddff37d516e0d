//! The GPU kernel of this operation.

use crate::{GpuDevice, Result, Tensor, TensorError};

pub(super) fn strided_copy(
    _d: &GpuDevice,
    _src: &Tensor,
    _src_offset: usize,
    _dst: &Tensor,
    _dst_offset: usize,
    _dims: &[super::CopyDim],
) -> Result<()> {
    Err(TensorError::Unsupported { what: "strided_copy on the GPU".into() })
}
