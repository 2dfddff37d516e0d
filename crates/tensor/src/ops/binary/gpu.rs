//! Functions of two values on the GPU.

use super::BinaryOp;
use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, other_len: u32 }

const fn variant(op: BinaryOp) -> Variant {
    let number = match op {
        BinaryOp::Add => 0,
        BinaryOp::Sub => 1,
        BinaryOp::Mul => 2,
        BinaryOp::Swiglu => 3,
    };
    Variant::new([GpuDevice::ELEMENTS, number])
}

static BINARY: Kernel = Kernel {
    name: "binary",
    wgsl: include_str!("binary.wgsl"),
    bindings: &[Read, Read, Write],
    constants: &["WG", "OP"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(BinaryOp::Add), variant(BinaryOp::Sub), variant(BinaryOp::Mul), variant(BinaryOp::Swiglu)],
};

pub(super) fn binary(d: &GpuDevice, x: &Tensor, other: &Tensor, op: BinaryOp, y: &Tensor) -> Result<()> {
    d.launch(&BINARY, variant(op))
        .bind(&[x.gpu("binary")?, other.gpu("binary")?, y.gpu("binary")?])
        .params(&Params { len: x.len() as u32, other_len: other.len().max(1) as u32 })
        .elements(x.len(), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&BINARY]);
}
