//! Zeros in recycled buffers.

use super::{GpuBuffer, GpuDevice, Kernel, Variant, Write, params};
use crate::Result;

params! { len: u32 }

pub(super) static FILL: Kernel = Kernel {
    name: "fill",
    wgsl: include_str!("fill.wgsl"),
    bindings: &[Write],
    constants: &["WG"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[Variant::workgroup(GpuDevice::ELEMENTS)],
};

impl GpuDevice {
    /// A temporary of `bytes` bytes, all zero.
    pub fn alloc_zeroed(&self, bytes: usize) -> Result<GpuBuffer> {
        let buffer = self.alloc(bytes)?;
        fill(self, &buffer, bytes.div_ceil(4))?;
        Ok(buffer)
    }
}

/// Zeros in the first `words` words of `buffer`.
pub(super) fn fill(d: &GpuDevice, buffer: &GpuBuffer, words: usize) -> Result<()> {
    d.launch(&FILL, Variant::workgroup(GpuDevice::ELEMENTS))
        .bind(&[(buffer, 0)])
        .params(&Params { len: words as u32 })
        .elements(words, GpuDevice::ELEMENTS)
}
