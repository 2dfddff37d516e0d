//! RMS norm on the GPU: a workgroup for each row.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { cols: u32, rows: u32, eps: f32 }

const fn variant(workgroup: u32, weight: bool) -> Variant {
    Variant::new([workgroup, weight as u32, 0, 0])
}

static RMS_NORM: Kernel = Kernel {
    name: "rms_norm",
    wgsl: include_str!("rms_norm.wgsl"),
    bindings: &[Read, Read, Write],
    constants: &["WG", "WEIGHT"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(1, true), variant(64, true), variant(256, true), variant(64, false)],
};

pub(super) fn rms_norm(d: &GpuDevice, x: &Tensor, weight: Option<&Tensor>, eps: f32, y: &Tensor) -> Result<()> {
    let (cols, rows) = (x.last_dim(), x.rows());
    d.launch(&RMS_NORM, variant(d.row_workgroup(cols), weight.is_some()))
        .bind(&[x.gpu("rms_norm")?, weight.unwrap_or(x).gpu("rms_norm")?, y.gpu("rms_norm")?])
        .params(&Params { cols: cols as u32, rows: rows as u32, eps })
        .grid(rows)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&RMS_NORM]);
}
