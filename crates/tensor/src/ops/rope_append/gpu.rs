//! Queries, keys and values on their way to the attention, on the GPU.

use kinora_formats::BlockType;

use super::RopeAppend;
use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{DType, GpuDevice, Result, RopeStyle, Tensor};

params! { tokens: u32, heads: u32, kv_heads: u32, dim: u32, half: u32, row: u32, kv_scales: u32, eps: f32 }

const fn variant(workgroup: u32, norm: bool, cache: u32, rope: u32) -> Variant {
    Variant::new([workgroup, norm as u32, cache, rope])
}

static ROPE_APPEND: Kernel = Kernel {
    name: "rope_append",
    wgsl: include_str!("rope_append.wgsl"),
    bindings: &[Read, Read, Read, Read, Read, Write, Write, Write],
    constants: &["WG", "NORM", "CACHE", "ROPE"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[
        variant(64, false, 0, 0),
        variant(64, true, 1, 1),
        variant(1, true, 2, 2),
        variant(64, false, 2, 2),
        variant(1, false, 0, 2),
    ],
};

/// Whether a head of so many channels fits into the kernel's memory.
pub(super) fn fits(dim: usize) -> bool {
    dim <= 256
}

/// `row`: rows that the caches hold already.
pub(super) fn rope_append(
    d: &GpuDevice,
    x: &Tensor,
    [keys, values]: [&Tensor; 2],
    row: usize,
    o: &RopeAppend<'_>,
    q: &Tensor,
) -> Result<()> {
    let op = "rope_append";
    let (cos, sin) = o.rope.map_or((x, x), |(cos, sin, _)| (cos, sin));
    let (q_gain, k_gain) = o.norms.unwrap_or((x, x));
    let rope = match o.rope {
        None => 0,
        Some((.., RopeStyle::Interleaved)) => 1,
        Some((.., RopeStyle::NeoX)) => 2,
    };
    let cache = match keys.dtype() {
        DType::Block(BlockType::F16) => 1,
        DType::Block(BlockType::Q8_0) => 2,
        _ => 0,
    };
    let params = Params {
        tokens: x.dim(0) as u32,
        heads: o.heads as u32,
        kv_heads: o.kv_heads as u32,
        dim: q.last_dim() as u32,
        half: o.rope.map_or(0, |(cos, ..)| cos.dim(1)) as u32,
        row: row as u32,
        kv_scales: crate::gpu::cache::scales_at(keys.len()) as u32,
        eps: o.eps,
    };
    let workgroup = if d.has_fast_workgroup_memory() { 64 } else { 1 };
    d.launch(&ROPE_APPEND, variant(workgroup, o.norms.is_some(), cache, rope))
        .bind(&[
            x.gpu(op)?,
            cos.gpu(op)?,
            sin.gpu(op)?,
            q_gain.gpu(op)?,
            k_gain.gpu(op)?,
            keys.gpu(op)?,
            values.gpu(op)?,
            q.gpu(op)?,
        ])
        .params(&params)
        .grid(x.dim(0) * (o.heads + 2 * o.kv_heads))
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&ROPE_APPEND]);
}
