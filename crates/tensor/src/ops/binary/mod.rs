//! Functions of two values.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    /// `silu(x) · other`.
    Swiglu,
}

impl BinaryOp {
    fn name(self) -> &'static str {
        match self {
            BinaryOp::Add => "add",
            BinaryOp::Sub => "sub",
            BinaryOp::Mul => "mul",
            BinaryOp::Swiglu => "swiglu",
        }
    }
}

/// `self` [.., S] and `other` [S], where S is any run of trailing dimensions of `self` (all of them, the last one, or a
/// single value); `other` repeats along the rest. f32, returns the shape of `self`.
/// Errors: `Shape`, `DType`, `Device`, naming the argument.
impl Tensor {
    /// `self + other`.
    pub fn add(&self, other: &Tensor) -> Result<Tensor> {
        self.binary(other, BinaryOp::Add)
    }

    /// `self − other`.
    pub fn sub(&self, other: &Tensor) -> Result<Tensor> {
        self.binary(other, BinaryOp::Sub)
    }

    /// `self · other`, element by element.
    pub fn mul(&self, other: &Tensor) -> Result<Tensor> {
        self.binary(other, BinaryOp::Mul)
    }

    /// `silu(self) · up`: the gated activation (Shazeer 2020). `self` is the gate.
    pub fn swiglu(&self, up: &Tensor) -> Result<Tensor> {
        self.binary(up, BinaryOp::Swiglu)
    }

    fn binary(&self, other: &Tensor, op: BinaryOp) -> Result<Tensor> {
        let check = Check(op.name());
        check.f32("self", self)?;
        check.f32("other", other)?;
        check.device(self, "other", other)?;
        let outer = other.shape().iter().take_while(|&&d| d == 1).count();
        let suffix = &other.shape()[outer..];
        if !self.shape().ends_with(suffix) {
            return Err(check.bad_shape("other", other, format!("trailing dimensions of {:?}", self.shape())));
        }
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => cpu::binary(d, self.f32()?, other.f32()?, op, y.f32_mut()?),
            Device::Gpu(d) => gpu::binary(d, self, other, op, &y)?,
        }
        Ok(y)
    }
}
