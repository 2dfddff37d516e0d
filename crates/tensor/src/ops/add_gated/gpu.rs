//! The gated residual on the GPU.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, cols: u32, run: u32 }

static ADD_GATED: Kernel = Kernel {
    name: "add_gated",
    wgsl: include_str!("add_gated.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[Variant::workgroup(GpuDevice::ELEMENTS)],
};

pub(super) fn add_gated(d: &GpuDevice, x: &Tensor, branch: &Tensor, gate: &Tensor, y: &Tensor) -> Result<()> {
    let run = (x.rows() / gate.rows().max(1)).max(1);
    d.launch(&ADD_GATED, Variant::workgroup(GpuDevice::ELEMENTS))
        .bind(&[x.gpu("add_gated")?, branch.gpu("add_gated")?, gate.gpu("add_gated")?, y.gpu("add_gated")?])
        .params(&Params { len: x.len() as u32, cols: x.last_dim() as u32, run: run as u32 })
        .elements(x.len(), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&ADD_GATED]);
}
