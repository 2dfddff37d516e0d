//! Attention on the GPU: one kernel for GPUs, one for software adapters; neither stores the logits.

use super::Attention;
use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor, TensorError};

params! {
    tq: u32,
    tk: u32,
    heads: u32,
    kv_heads: u32,
    dim: u32,
    scale: f32,
    causal: u32,
    position: u32,
    window: u32,
}

/// Channels of a head, at most.
const MAX_DIM: usize = 256;
/// Queries of a workgroup of the tile kernel.
const TILE_QUERIES: usize = 4;

/// GPUs.
static TILE: Kernel = Kernel {
    name: "attention_tile",
    wgsl: include_str!("attention_tile.wgsl"),
    bindings: &[Read, Read, Read, Read, Write],
    constants: &["BIAS"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[tile(false), tile(true)],
};

/// Software adapters.
static LANE: Kernel = Kernel {
    name: "attention_lane",
    wgsl: include_str!("attention_lane.wgsl"),
    bindings: &[Read, Read, Read, Read, Write],
    constants: &["WG", "BIAS"],
    preludes: &["const D4 = 8u;", "const D4 = 16u;", "const D4 = 32u;", "const D4 = 64u;"],
    weights: false,
    params: Params::LAYOUT,
    variants: &[lane(32, false), lane(32, true), lane(64, false), lane(128, true), lane(256, false)],
};

const fn tile(bias: bool) -> Variant {
    Variant::new([bias as u32])
}

/// With registers for the smallest of 32, 64, 128 or 256 channels that hold `dim`.
const fn lane(dim: usize, bias: bool) -> Variant {
    let prelude = match dim {
        0..=32 => 0,
        33..=64 => 1,
        65..=128 => 2,
        _ => 3,
    };
    Variant::new([GpuDevice::ELEMENTS, bias as u32]).prelude(prelude)
}

pub(super) fn attention(
    d: &GpuDevice,
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    o: &Attention<'_>,
    y: &Tensor,
) -> Result<()> {
    let [tq, heads, dim] = [q.dim(0), q.dim(1), q.dim(2)];
    if dim > MAX_DIM {
        return Err(TensorError::unsupported(format!("attention over {dim} channels a head on the GPU")));
    }
    if o.softcap.is_some() {
        return Err(TensorError::unsupported("attention with soft-capped logits on the GPU"));
    }
    // Half the range keeps `position + query` from wrapping.
    let bounded = |n: usize| n.min(u32::MAX as usize / 2) as u32;
    let params = Params {
        tq: tq as u32,
        tk: o.kv_len.unwrap_or(k.dim(0)) as u32,
        heads: heads as u32,
        kv_heads: k.dim(1) as u32,
        dim: dim as u32,
        scale: o.scale,
        causal: u32::from(o.causal.is_some()),
        position: o.causal.map_or(0, bounded),
        window: o.window.map_or(u32::MAX, bounded),
    };
    let bias = o.key_bias.unwrap_or(q);
    let op = "attention";
    let tiled = d.has_fast_workgroup_memory();
    let (kernel, variant) = match tiled {
        true => (&TILE, tile(o.key_bias.is_some())),
        false => (&LANE, lane(dim, o.key_bias.is_some())),
    };
    let launch = d
        .launch(kernel, variant)
        .bind(&[q.gpu(op)?, k.gpu(op)?, v.gpu(op)?, bias.gpu(op)?, y.gpu(op)?])
        .params(&params);
    match tiled {
        true => launch.grid(tq.div_ceil(TILE_QUERIES) * heads),
        false => launch.elements(tq * heads, GpuDevice::ELEMENTS),
    }
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&TILE, &LANE]);
}
