//! Argument checks that name the operation and the argument.

use crate::{DType, Device, Result, Tensor, TensorError};

/// Checks for the operation of this name.
#[derive(Clone, Copy)]
pub(crate) struct Check(pub &'static str);

impl Check {
    /// `arg` must hold f32 activations.
    pub fn f32(self, arg: &'static str, t: &Tensor) -> Result<()> {
        match t.dtype() {
            DType::F32 => Ok(()),
            got => Err(TensorError::DType { op: self.0, arg, got, expected: "f32" }),
        }
    }

    /// `arg` must hold u32 indices.
    pub fn u32(self, arg: &'static str, t: &Tensor) -> Result<()> {
        match t.dtype() {
            DType::U32 => Ok(()),
            got => Err(TensorError::DType { op: self.0, arg, got, expected: "u32" }),
        }
    }

    /// `arg` must be f32, on the device of `first`, and of exactly this shape.
    pub fn operand(self, first: &Tensor, arg: &'static str, t: &Tensor, shape: &[usize]) -> Result<()> {
        self.f32(arg, t)?;
        self.device(first, arg, t)?;
        self.shape(arg, t, shape)
    }

    /// `arg` must be f32 [F, C] for an `x` of N rows and C columns, where F divides N.
    pub fn runs(self, x: &Tensor, arg: &'static str, t: &Tensor) -> Result<()> {
        self.operand(x, arg, t, &[t.dim(0), x.last_dim()])?;
        let divides = t.dim(0) > 0 && x.rows().is_multiple_of(t.dim(0));
        self.that(divides, arg, t, "rows that divide those of x")
    }

    /// `arg` must be of exactly this shape.
    pub fn shape(self, arg: &'static str, t: &Tensor, shape: &[usize]) -> Result<()> {
        if t.shape() == shape { Ok(()) } else { Err(self.bad_shape(arg, t, format!("{shape:?}"))) }
    }

    /// `arg` must have this many dimensions.
    pub fn rank(self, arg: &'static str, t: &Tensor, rank: usize, expected: &str) -> Result<()> {
        if t.shape().len() == rank { Ok(()) } else { Err(self.bad_shape(arg, t, expected)) }
    }

    /// `arg` must be on the device of `first`.
    pub fn device(self, first: &Tensor, arg: &'static str, t: &Tensor) -> Result<()> {
        match (first.device(), t.device()) {
            (Device::Cpu(_), Device::Cpu(_)) | (Device::Gpu(_), Device::Gpu(_)) => Ok(()),
            _ => Err(TensorError::Device { op: self.0, arg }),
        }
    }

    /// The error for a shape that does not fit.
    pub fn bad_shape(self, arg: &'static str, t: &Tensor, expected: impl Into<String>) -> TensorError {
        TensorError::Shape { op: self.0, arg, got: t.shape().to_vec(), expected: expected.into() }
    }

    /// `Shape` unless `ok`.
    pub fn that(self, ok: bool, arg: &'static str, t: &Tensor, expected: &str) -> Result<()> {
        if ok { Ok(()) } else { Err(self.bad_shape(arg, t, expected)) }
    }
}
