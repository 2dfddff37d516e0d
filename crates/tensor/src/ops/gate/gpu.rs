//! Gated activations on the GPU.

use super::Gate;
use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, cols: u32 }

const fn variant(gate: Gate) -> Variant {
    Variant::new([GpuDevice::ELEMENTS, matches!(gate, Gate::Gelu) as u32])
}

static GATE: Kernel = Kernel {
    name: "gate",
    wgsl: include_str!("gate.wgsl"),
    bindings: &[Read, Write],
    constants: &["WG", "GELU"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(Gate::Silu), variant(Gate::Gelu)],
};

pub(super) fn gate(d: &GpuDevice, x: &Tensor, gate: Gate, y: &Tensor) -> Result<()> {
    d.launch(&GATE, variant(gate))
        .bind(&[x.gpu("gate")?, y.gpu("gate")?])
        .params(&Params { len: y.len() as u32, cols: y.last_dim() as u32 })
        .elements(y.len(), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&GATE]);
}
