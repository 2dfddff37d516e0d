//! Functions of one value on the GPU: one file, specialised by number.

use super::UnaryOp;
use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, a: f32, b: f32 }

const OPS: usize = 14;

const fn variant(op: u32) -> Variant {
    Variant::new([GpuDevice::ELEMENTS, op])
}

static UNARY: Kernel = Kernel {
    name: "unary",
    wgsl: include_str!("unary.wgsl"),
    bindings: &[Read, Write],
    constants: &["WG", "OP"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &{
        let mut all = [variant(0); OPS];
        let mut i = 0;
        while i < OPS {
            all[i] = variant(i as u32);
            i += 1;
        }
        all
    },
};

pub(super) fn unary(d: &GpuDevice, x: &Tensor, op: UnaryOp, y: &Tensor) -> Result<()> {
    let (number, a, b) = match op {
        UnaryOp::Silu => (0, 0.0, 0.0),
        UnaryOp::GeluTanh => (1, 0.0, 0.0),
        UnaryOp::GeluErf => (2, 0.0, 0.0),
        UnaryOp::Relu => (3, 0.0, 0.0),
        UnaryOp::LeakyRelu(slope) => (4, slope, 0.0),
        UnaryOp::Tanh => (5, 0.0, 0.0),
        UnaryOp::Sigmoid => (6, 0.0, 0.0),
        UnaryOp::Exp => (7, 0.0, 0.0),
        UnaryOp::Sin => (8, 0.0, 0.0),
        UnaryOp::Cos => (9, 0.0, 0.0),
        UnaryOp::Sqrt => (10, 0.0, 0.0),
        UnaryOp::Scale(factor) => (11, factor, 0.0),
        UnaryOp::AddScalar(value) => (12, value, 0.0),
        UnaryOp::Clamp(lo, hi) => (13, lo, hi),
    };
    d.launch(&UNARY, variant(number))
        .bind(&[x.gpu("unary")?, y.gpu("unary")?])
        .params(&Params { len: x.len() as u32, a, b })
        .elements(x.len(), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&UNARY]);
}
