//! Layer norm on the GPU: a workgroup for each row.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { cols: u32, rows: u32, eps: f32 }

const fn variant(workgroup: u32, affine: bool) -> Variant {
    Variant::new([workgroup, affine as u32])
}

static LAYER_NORM: Kernel = Kernel {
    name: "layer_norm",
    wgsl: include_str!("layer_norm.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG", "AFFINE"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(1, true), variant(64, true), variant(256, true), variant(64, false)],
};

pub(super) fn layer_norm(
    d: &GpuDevice,
    x: &Tensor,
    affine: Option<(&Tensor, &Tensor)>,
    eps: f32,
    y: &Tensor,
) -> Result<()> {
    let (cols, rows) = (x.last_dim(), x.rows());
    let (weight, bias) = affine.unwrap_or((x, x));
    d.launch(&LAYER_NORM, variant(d.row_workgroup(cols), affine.is_some()))
        .bind(&[x.gpu("layer_norm")?, weight.gpu("layer_norm")?, bias.gpu("layer_norm")?, y.gpu("layer_norm")?])
        .params(&Params { cols: cols as u32, rows: rows as u32, eps })
        .grid(rows)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&LAYER_NORM]);
}
