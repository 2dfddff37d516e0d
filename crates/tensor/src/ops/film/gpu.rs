//! Feature-wise linear modulation on the GPU.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, cols: u32, last: u32 }

static FILM: Kernel = Kernel {
    name: "film",
    wgsl: include_str!("film.wgsl"),
    bindings: &[Read, Read, Read, Read, Write],
    constants: &["WG"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[Variant::workgroup(GpuDevice::ELEMENTS)],
};

pub(super) fn film(
    d: &GpuDevice,
    x: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    index: &Tensor,
    y: &Tensor,
) -> Result<()> {
    let last = scale.rows().saturating_sub(1);
    d.launch(&FILM, Variant::workgroup(GpuDevice::ELEMENTS))
        .bind(&[x.gpu("film")?, scale.gpu("film")?, shift.gpu("film")?, index.gpu("film")?, y.gpu("film")?])
        .params(&Params { len: x.len() as u32, cols: x.last_dim() as u32, last: last as u32 })
        .elements(x.len(), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&FILM]);
}
