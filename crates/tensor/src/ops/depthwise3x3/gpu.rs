//! The depthwise convolution on the GPU.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, height: u32, width: u32, channels: u32 }

const fn variant(bias: bool) -> Variant {
    Variant::new([GpuDevice::ELEMENTS, bias as u32])
}

static DEPTHWISE3X3: Kernel = Kernel {
    name: "depthwise3x3",
    wgsl: include_str!("depthwise3x3.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG", "BIAS"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(false), variant(true)],
};

pub(super) fn depthwise3x3(d: &GpuDevice, x: &Tensor, w: &Tensor, bias: Option<&Tensor>, y: &Tensor) -> Result<()> {
    let params =
        Params { len: x.len() as u32, height: x.dim(1) as u32, width: x.dim(2) as u32, channels: x.dim(3) as u32 };
    let op = "depthwise3x3";
    d.launch(&DEPTHWISE3X3, variant(bias.is_some()))
        .bind(&[x.gpu(op)?, w.gpu(op)?, bias.unwrap_or(x).gpu(op)?, y.gpu(op)?])
        .params(&params)
        .elements(x.len(), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&DEPTHWISE3X3]);
}
