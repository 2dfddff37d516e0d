//! Attention on the GPU: one kernel for GPUs, one for software adapters; neither stores the logits.

use kinora_formats::BlockType;

use super::Attention;
use crate::gpu::{GpuBuffer, Kernel, Read, Variant, Write, params};
use crate::{DType, GpuDevice, Result, Tensor, TensorError};

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
    softcap: f32,
    kv_scales: u32,
    splits: u32,
}

/// Channels of a head, at most.
const MAX_DIM: usize = 256;
/// Queries of a workgroup of the tile kernel, and its invocations.
const TILE_QUERIES: usize = 4;
const LANES: usize = 64;

/// Queries up to which workgroups share their keys, and keys from which that pays.
const SPLIT_QUERIES: usize = 4;
const SPLIT_KEYS: usize = 512;
/// Workgroups that share the keys of a query, at most, and keys that are worth one.
const MAX_SPLITS: usize = 16;
const KEYS_OF_A_SPLIT: usize = 128;

macro_rules! caches {
    ($($front:literal),*) => {
        &[
            $(concat!($front, include_str!("cache_f32.wgsl")),)*
            $(concat!($front, include_str!("cache_f16.wgsl")),)*
            $(concat!($front, include_str!("cache_q8_0.wgsl")),)*
        ]
    };
}

/// GPUs.
static TILE: Kernel = Kernel {
    name: "attention_tile",
    wgsl: include_str!("attention_tile.wgsl"),
    bindings: &[Read, Read, Read, Read, Write],
    constants: &["BIAS", "SPLIT"],
    preludes: caches!(""),
    weights: false,
    params: Params::LAYOUT,
    variants: &[
        tile(0, false, false),
        tile(0, true, false),
        tile(1, false, true),
        tile(2, true, false),
        tile(2, false, true),
    ],
};

/// Software adapters.
static LANE: Kernel = Kernel {
    name: "attention_lane",
    wgsl: include_str!("attention_lane.wgsl"),
    bindings: &[Read, Read, Read, Read, Write],
    constants: &["WG", "BIAS"],
    preludes: caches!("const D4 = 8u;\n", "const D4 = 16u;\n", "const D4 = 32u;\n", "const D4 = 64u;\n"),
    weights: false,
    params: Params::LAYOUT,
    variants: &[lane(0, 32, false), lane(0, 32, true), lane(1, 64, false), lane(2, 128, true), lane(0, 256, false)],
};

mod join {
    use super::*;

    params! { tq: u32, heads: u32, dim: u32, splits: u32 }

    pub(super) static JOIN: Kernel = Kernel {
        name: "attention_join",
        wgsl: include_str!("attention_join.wgsl"),
        bindings: &[Read, Write],
        constants: &["WG"],
        preludes: &[],
        weights: false,
        params: Params::LAYOUT,
        variants: &[Variant::workgroup(GpuDevice::ELEMENTS)],
    };

    pub(super) fn join(d: &GpuDevice, parts: &GpuBuffer, splits: usize, y: &Tensor) -> Result<()> {
        let [tq, heads, dim] = [y.dim(0), y.dim(1), y.dim(2)].map(|n| n as u32);
        d.launch(&JOIN, Variant::workgroup(GpuDevice::ELEMENTS))
            .bind(&[(parts, 0), y.gpu("attention")?])
            .params(&Params { tq, heads, dim, splits: splits as u32 })
            .elements(y.len(), GpuDevice::ELEMENTS)
    }
}

/// `cache`: 0 for f32, 1 for f16, 2 for q8_0.
const fn tile(cache: u8, bias: bool, split: bool) -> Variant {
    Variant::new([bias as u32, split as u32]).prelude(cache)
}

/// With registers for the smallest of 32, 64, 128 or 256 channels that hold `dim`.
const fn lane(cache: u8, dim: usize, bias: bool) -> Variant {
    let registers = match dim {
        0..=32 => 0,
        33..=64 => 1,
        65..=128 => 2,
        _ => 3,
    };
    Variant::new([GpuDevice::ELEMENTS, bias as u32]).prelude(4 * cache + registers)
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
    // Half the range keeps `position + query` from wrapping.
    let bounded = |n: usize| n.min(u32::MAX as usize / 2) as u32;
    let tk = o.kv_len.unwrap_or(k.dim(0));
    let seen = o.window.map_or(tk, |window| tk.min(window.saturating_add(tq)));
    let lane_turns = seen * (3 * dim.div_ceil(4) + 1);
    let tiled = d.has_fast_workgroup_memory() || lane_turns > d.loop_turns();
    let split = tiled && tq <= SPLIT_QUERIES && seen >= SPLIT_KEYS;
    let splits = if split { (seen / KEYS_OF_A_SPLIT).min(MAX_SPLITS) } else { 1 };
    let tile_turns = seen.div_ceil(LANES * splits) * (dim / 4 + 16 + dim.div_ceil(LANES) * LANES);
    if tiled && tile_turns > d.loop_turns() {
        return Err(TensorError::unsupported(format!("attention over {seen} keys on this software adapter")));
    }
    let cache = match k.dtype() {
        DType::Block(BlockType::F16) => 1,
        DType::Block(BlockType::Q8_0) => 2,
        _ => 0,
    };
    let params = Params {
        tq: tq as u32,
        tk: tk as u32,
        heads: heads as u32,
        kv_heads: k.dim(1) as u32,
        dim: dim as u32,
        scale: o.scale,
        causal: u32::from(o.causal.is_some()),
        position: o.causal.map_or(0, bounded),
        window: o.window.map_or(u32::MAX, bounded),
        softcap: o.softcap.unwrap_or(0.0),
        kv_scales: crate::gpu::cache::scales_at(k.len()) as u32,
        splits: splits as u32,
    };
    let bias = o.key_bias.unwrap_or(q);
    let op = "attention";
    let bias_at = bias.gpu(op)?;
    let (k, v) = (k.gpu(op)?, v.gpu(op)?);
    if split || (tiled && tq <= SPLIT_QUERIES && d.is_planning()) {
        // Of the same size whatever the length, so that a growing cache asks for the same buffer each time.
        let parts = d.alloc(MAX_SPLITS * tq * heads * (dim + 2) * 4)?;
        d.launch(&TILE, tile(cache, o.key_bias.is_some(), true))
            .bind(&[q.gpu(op)?, k, v, bias_at, (&parts, 0)])
            .params(&params)
            .grid(tq.div_ceil(TILE_QUERIES) * heads * splits)?;
        join::join(d, &parts, splits, y)?;
        if split {
            return Ok(());
        }
    }
    let (kernel, variant) = match tiled {
        true => (&TILE, tile(cache, o.key_bias.is_some(), false)),
        false => (&LANE, lane(cache, dim, o.key_bias.is_some())),
    };
    let launch = d.launch(kernel, variant).bind(&[q.gpu(op)?, k, v, bias_at, y.gpu(op)?]).params(&params);
    match tiled {
        true => launch.grid(tq.div_ceil(TILE_QUERIES) * heads),
        false => launch.elements(tq * heads, GpuDevice::ELEMENTS),
    }
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&TILE, &LANE, &join::JOIN]);
}
