//! The product of two activations on the GPU.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { m: u32, n: u32, k: u32 }

/// Columns of an invocation.
const COLS: usize = 4;
/// Rows of an invocation on GPUs, and on software adapters, which have no more work to hide latency behind.
const ROWS: usize = 4;
const SOFTWARE_ROWS: usize = 8;
/// Neighbours whose columns are neighbours; a software adapter computes four as one vector.
const SPAN: usize = 16;
const SOFTWARE_SPAN: usize = 4;

const fn variant(span: usize, rows: usize) -> Variant {
    Variant::new([GpuDevice::ELEMENTS, span as u32]).prelude((rows == SOFTWARE_ROWS) as u8)
}

static MATMUL: Kernel = Kernel {
    name: "matmul",
    wgsl: include_str!("matmul.wgsl"),
    bindings: &[Read, Read, Write],
    constants: &["WG", "SPAN"],
    preludes: &["const ROWS = 4u;\n", "const ROWS = 8u;\n"],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(SPAN, ROWS), variant(SOFTWARE_SPAN, SOFTWARE_ROWS)],
};

pub(super) fn matmul(d: &GpuDevice, a: &Tensor, b: &Tensor, y: &Tensor) -> Result<()> {
    let [m, k, n] = [a.dim(0), a.dim(1), b.dim(1)];
    let (span, rows) = if d.has_fast_workgroup_memory() { (SPAN, ROWS) } else { (SOFTWARE_SPAN, SOFTWARE_ROWS) };
    d.launch(&MATMUL, variant(span, rows))
        .bind(&[a.gpu("matmul")?, b.gpu("matmul")?, y.gpu("matmul")?])
        .params(&Params { m: m as u32, n: n as u32, k: k as u32 })
        .elements(m.div_ceil(rows) * n.div_ceil(COLS * span) * span, GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&MATMUL]);
}
