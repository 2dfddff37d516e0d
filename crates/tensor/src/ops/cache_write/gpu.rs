//! The rounding of keys and values.

use kinora_formats::BlockType;

use crate::gpu::{Kernel, Read, Variant, Write, cache, params};
use crate::{GpuDevice, Result, Tensor};

params! { len: u32, first: u32, scales: u32 }

const fn variant(q8: bool) -> Variant {
    Variant::new([GpuDevice::ELEMENTS, q8 as u32])
}

static CACHE_WRITE: Kernel = Kernel {
    name: "cache_write",
    wgsl: include_str!("cache_write.wgsl"),
    bindings: &[Read, Write],
    constants: &["WG", "Q8"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(false), variant(true)],
};

/// Writes `x` to `cache`, of this block type, from its value `first` on; both are whole blocks and fit.
pub(crate) fn cache_write(d: &GpuDevice, x: &Tensor, cache: &Tensor, block: BlockType, first: usize) -> Result<()> {
    let scales = cache::scales_at(cache.len()) as u32;
    d.launch(&CACHE_WRITE, variant(block == BlockType::Q8_0))
        .bind(&[x.gpu("append")?, cache.gpu("append")?])
        .params(&Params { len: x.len() as u32, first: first as u32, scales })
        .elements(x.len().div_ceil(32), GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&CACHE_WRITE]);
}
