//! Functions of one value.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{Device, Result, Tensor};

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum UnaryOp {
    Silu,
    GeluTanh,
    GeluErf,
    Relu,
    /// The slope below zero.
    LeakyRelu(f32),
    Tanh,
    Sigmoid,
    Exp,
    Sin,
    Cos,
    Sqrt,
    Scale(f32),
    AddScalar(f32),
    /// Lowest and highest value.
    Clamp(f32, f32),
}

impl UnaryOp {
    fn name(self) -> &'static str {
        match self {
            UnaryOp::Silu => "silu",
            UnaryOp::GeluTanh => "gelu_tanh",
            UnaryOp::GeluErf => "gelu_erf",
            UnaryOp::Relu => "relu",
            UnaryOp::LeakyRelu(_) => "leaky_relu",
            UnaryOp::Tanh => "tanh",
            UnaryOp::Sigmoid => "sigmoid",
            UnaryOp::Exp => "exp",
            UnaryOp::Sin => "sin",
            UnaryOp::Cos => "cos",
            UnaryOp::Sqrt => "sqrt",
            UnaryOp::Scale(_) => "scale",
            UnaryOp::AddScalar(_) => "add_scalar",
            UnaryOp::Clamp(..) => "clamp",
        }
    }
}

/// Each takes f32 of any shape and returns the same shape. Errors: `DType`, `OutOfMemory`, `DeviceLost`.
impl Tensor {
    /// `x · sigmoid(x)`.
    pub fn silu(&self) -> Result<Tensor> {
        self.unary(UnaryOp::Silu)
    }

    /// `x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))` (Hendrycks & Gimpel 2016, the approximation).
    pub fn gelu_tanh(&self) -> Result<Tensor> {
        self.unary(UnaryOp::GeluTanh)
    }

    /// `x/2 · (1 + erf(x/√2))` (Hendrycks & Gimpel 2016).
    pub fn gelu_erf(&self) -> Result<Tensor> {
        self.unary(UnaryOp::GeluErf)
    }

    /// `max(x, 0)`.
    pub fn relu(&self) -> Result<Tensor> {
        self.unary(UnaryOp::Relu)
    }

    /// `x` where positive, else `slope · x`.
    pub fn leaky_relu(&self, slope: f32) -> Result<Tensor> {
        self.unary(UnaryOp::LeakyRelu(slope))
    }

    /// Hyperbolic tangent.
    pub fn tanh(&self) -> Result<Tensor> {
        self.unary(UnaryOp::Tanh)
    }

    /// `1 / (1 + exp(−x))`.
    pub fn sigmoid(&self) -> Result<Tensor> {
        self.unary(UnaryOp::Sigmoid)
    }

    /// `eˣ`.
    pub fn exp(&self) -> Result<Tensor> {
        self.unary(UnaryOp::Exp)
    }

    /// Sine of radians.
    pub fn sin(&self) -> Result<Tensor> {
        self.unary(UnaryOp::Sin)
    }

    /// Cosine of radians.
    pub fn cos(&self) -> Result<Tensor> {
        self.unary(UnaryOp::Cos)
    }

    /// Square root.
    pub fn sqrt(&self) -> Result<Tensor> {
        self.unary(UnaryOp::Sqrt)
    }

    /// `x · factor`.
    pub fn scale(&self, factor: f32) -> Result<Tensor> {
        self.unary(UnaryOp::Scale(factor))
    }

    /// `x + value`.
    pub fn add_scalar(&self, value: f32) -> Result<Tensor> {
        self.unary(UnaryOp::AddScalar(value))
    }

    /// The nearest value in `lo..=hi`.
    pub fn clamp(&self, lo: f32, hi: f32) -> Result<Tensor> {
        self.unary(UnaryOp::Clamp(lo, hi))
    }

    fn unary(&self, op: UnaryOp) -> Result<Tensor> {
        Check(op.name()).f32("x", self)?;
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(d) => cpu::unary(d, self.f32()?, op, y.f32_mut()?),
            Device::Gpu(d) => gpu::unary(d, self, op, &y)?,
        }
        Ok(y)
    }
}
