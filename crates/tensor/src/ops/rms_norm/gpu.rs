//! RMS norm on the GPU: a workgroup for each row.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { cols: u32, rows: u32, eps: f32 }

const fn variant(workgroup: u32, weight: bool, add: bool) -> Variant {
    Variant::new([workgroup, weight as u32, add as u32])
}

static RMS_NORM: Kernel = Kernel {
    name: "rms_norm",
    wgsl: include_str!("rms_norm.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG", "WEIGHT", "ADD"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(1, true, false), variant(64, true, true), variant(256, true, false), variant(64, false, false)],
};

/// With `add`, that is added to the result.
pub(super) fn rms_norm(
    d: &GpuDevice,
    x: &Tensor,
    weight: Option<&Tensor>,
    eps: f32,
    add: Option<&Tensor>,
    y: &Tensor,
) -> Result<()> {
    let op = "rms_norm";
    let (cols, rows) = (x.last_dim(), x.rows());
    d.launch(&RMS_NORM, variant(d.row_workgroup(cols), weight.is_some(), add.is_some()))
        .bind(&[x.gpu(op)?, weight.unwrap_or(x).gpu(op)?, add.unwrap_or(x).gpu(op)?, y.gpu(op)?])
        .params(&Params { cols: cols as u32, rows: rows as u32, eps })
        .grid(rows)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&RMS_NORM]);
}
