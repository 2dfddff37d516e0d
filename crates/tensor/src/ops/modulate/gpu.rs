//! Modulation on the GPU.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, cols: u32, run: u32 }

static MODULATE: Kernel = Kernel {
    name: "modulate",
    wgsl: include_str!("modulate.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[Variant::workgroup(GpuDevice::ELEMENTS)],
};

pub(super) fn modulate(d: &GpuDevice, x: &Tensor, scale: &Tensor, shift: &Tensor, y: &Tensor) -> Result<()> {
    let run = (x.rows() / scale.rows().max(1)).max(1);
    d.launch(&MODULATE, Variant::workgroup(GpuDevice::ELEMENTS))
        .bind(&[x.gpu("modulate")?, scale.gpu("modulate")?, shift.gpu("modulate")?, y.gpu("modulate")?])
        .params(&Params { len: x.len() as u32, cols: x.last_dim() as u32, run: run as u32 })
        .elements(x.len(), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&MODULATE]);
}
