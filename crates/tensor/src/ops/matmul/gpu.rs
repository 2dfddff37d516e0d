//! The product of two activations on the GPU.

use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { m: u32, n: u32, k: u32 }

static MATMUL: Kernel = Kernel {
    name: "matmul",
    wgsl: include_str!("matmul.wgsl"),
    bindings: &[Read, Read, Write],
    constants: &["WG"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[Variant::workgroup(GpuDevice::ELEMENTS)],
};

pub(super) fn matmul(d: &GpuDevice, a: &Tensor, b: &Tensor, y: &Tensor) -> Result<()> {
    let [m, k, n] = [a.dim(0), a.dim(1), b.dim(1)];
    d.launch(&MATMUL, Variant::workgroup(GpuDevice::ELEMENTS))
        .bind(&[a.gpu("matmul")?, b.gpu("matmul")?, y.gpu("matmul")?])
        .params(&Params { m: m as u32, n: n as u32, k: k as u32 })
        .elements(m.div_ceil(4) * n.div_ceil(4), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&MATMUL]);
}
