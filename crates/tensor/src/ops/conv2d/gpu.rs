//! 2-D convolution on the GPU.

use super::Conv2d;
use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor, TensorError};

params! {
    images: u32,
    groups: u32,
    inputs: u32,
    outputs: u32,
    height: u32,
    width: u32,
    out_height: u32,
    out_width: u32,
    kernel_height: u32,
    kernel_width: u32,
    stride: u32,
    padding: u32,
}

const fn variant(bias: bool) -> Variant {
    Variant::new([GpuDevice::ELEMENTS, bias as u32])
}

static CONV2D: Kernel = Kernel {
    name: "conv2d",
    wgsl: include_str!("conv2d.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG", "BIAS"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(false), variant(true)],
};

/// Strides and paddings above this would leave the kernel's signed coordinates.
const MAX_STEP: usize = 1 << 15;

pub(super) fn conv2d(
    d: &GpuDevice,
    x: &Tensor,
    w: &Tensor,
    bias: Option<&Tensor>,
    c: &Conv2d,
    y: &Tensor,
) -> Result<()> {
    if c.stride > MAX_STEP || c.padding > MAX_STEP || y.dim(2) > MAX_STEP || y.dim(3) > MAX_STEP {
        return Err(TensorError::unsupported(format!("a convolution on the GPU with {c:?} to {:?}", y.shape())));
    }
    let (inputs, outputs) = (x.dim(1) / c.groups, w.dim(0) / c.groups);
    let params = Params {
        images: x.dim(0) as u32,
        groups: c.groups as u32,
        inputs: inputs as u32,
        outputs: outputs as u32,
        height: x.dim(2) as u32,
        width: x.dim(3) as u32,
        out_height: y.dim(2) as u32,
        out_width: y.dim(3) as u32,
        kernel_height: w.dim(2) as u32,
        kernel_width: w.dim(3) as u32,
        stride: c.stride as u32,
        padding: c.padding as u32,
    };
    let invocations = x.dim(0) * c.groups * outputs.div_ceil(4) * y.dim(2) * y.dim(3).div_ceil(4);
    d.launch(&CONV2D, variant(bias.is_some()))
        .bind(&[x.gpu("conv2d")?, w.gpu("conv2d")?, bias.unwrap_or(x).gpu("conv2d")?, y.gpu("conv2d")?])
        .params(&params)
        .elements(invocations, GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&CONV2D]);
}
