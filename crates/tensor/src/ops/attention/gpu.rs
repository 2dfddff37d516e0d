//! The GPU kernel of this operation.

use crate::{GpuDevice, Result, Tensor, TensorError};

pub(super) fn attention(
    _d: &GpuDevice,
    _q: &Tensor,
    _k: &Tensor,
    _v: &Tensor,
    _o: &super::Attention<'_>,
    _y: &Tensor,
) -> Result<()> {
    Err(TensorError::Unsupported { what: "attention on the GPU".into() })
}
