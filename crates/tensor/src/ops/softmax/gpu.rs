//! Softmax on the GPU: a workgroup for each row.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { cols: u32, rows: u32 }

static SOFTMAX: Kernel = Kernel {
    name: "softmax",
    wgsl: include_str!("softmax.wgsl"),
    bindings: &[Read, Write],
    constants: &["WG"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[Variant::workgroup(1), Variant::workgroup(64), Variant::workgroup(256)],
};

pub(super) fn softmax(d: &GpuDevice, x: &Tensor, y: &Tensor) -> Result<()> {
    let (cols, rows) = (x.last_dim(), x.rows());
    d.launch(&SOFTMAX, Variant::workgroup(d.row_workgroup(cols)))
        .bind(&[x.gpu("softmax")?, y.gpu("softmax")?])
        .params(&Params { cols: cols as u32, rows: rows as u32 })
        .grid(rows)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&SOFTMAX]);
}
