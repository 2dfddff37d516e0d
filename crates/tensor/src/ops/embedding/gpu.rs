//! Rows of a table on the GPU.

use crate::gpu::{Kernel, Read, Variant, Write, pack, params};
use crate::{GpuDevice, Result, Tensor};

params! { tokens: u32, vocab: u32, k: u32, w_scales: u32, first: u32, rows: u32 }

static EMBEDDING: Kernel = Kernel {
    name: "embedding",
    wgsl: include_str!("embedding.wgsl"),
    bindings: &[Read, Read, Write],
    constants: &["WG"],
    preludes: &[],
    weights: true,
    params: Params::LAYOUT,
    variants: &[Variant::workgroup(GpuDevice::ELEMENTS)],
};

pub(super) fn embedding(d: &GpuDevice, table: &Tensor, ids: &Tensor, y: &Tensor) -> Result<()> {
    let block = pack::block_type("embedding", table)?;
    let [vocab, k] = [table.dim(0), table.dim(1)];
    for part in table.gpu_rows("embedding")? {
        let params = Params {
            tokens: ids.len() as u32,
            vocab: vocab as u32,
            k: k as u32,
            w_scales: part.scales,
            first: part.first as u32,
            rows: part.rows as u32,
        };
        d.launch(&EMBEDDING, Variant::workgroup(GpuDevice::ELEMENTS))
            .block(block)
            .bind(&[(part.buffer, part.offset), ids.gpu("embedding")?, y.gpu("embedding")?])
            .params(&params)
            .elements(ids.len() * k.div_ceil(8), GpuDevice::ELEMENTS)?;
    }
    Ok(())
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&EMBEDDING]);
}
