//! Rotary positions on the GPU.

use super::RopeStyle;
use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, heads: u32, dim: u32, half: u32 }

const fn variant(style: RopeStyle) -> Variant {
    Variant::new([GpuDevice::ELEMENTS, matches!(style, RopeStyle::NeoX) as u32])
}

static ROPE: Kernel = Kernel {
    name: "rope",
    wgsl: include_str!("rope.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG", "NEOX"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(RopeStyle::Interleaved), variant(RopeStyle::NeoX)],
};

pub(super) fn rope(d: &GpuDevice, x: &Tensor, cos: &Tensor, sin: &Tensor, style: RopeStyle, y: &Tensor) -> Result<()> {
    let params = Params { len: x.len() as u32, heads: x.dim(1) as u32, dim: x.dim(2) as u32, half: cos.dim(1) as u32 };
    d.launch(&ROPE, variant(style))
        .bind(&[x.gpu("rope")?, cos.gpu("rope")?, sin.gpu("rope")?, y.gpu("rope")?])
        .params(&params)
        .elements(x.len(), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&ROPE]);
}
