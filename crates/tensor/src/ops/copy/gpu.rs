//! The strided copy on the GPU, of any element type of four bytes.

use super::CopyDim;
use crate::gpu::{Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, MAX_DIMS, Result, Tensor, TensorError};

params! {
    len: u32,
    rank: u32,
    x_offset: u32,
    y_offset: u32,
    dims_0: [u32; 4],
    dims_4: [u32; 4],
    x_strides_0: [u32; 4],
    x_strides_4: [u32; 4],
    y_strides_0: [u32; 4],
    y_strides_4: [u32; 4],
}

static COPY: Kernel = Kernel {
    name: "copy",
    wgsl: include_str!("copy.wgsl"),
    bindings: &[Read, Write],
    constants: &["WG"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[Variant::workgroup(GpuDevice::ELEMENTS)],
};

pub(super) fn strided_copy(
    d: &GpuDevice,
    src: &Tensor,
    src_offset: usize,
    dst: &Tensor,
    dst_offset: usize,
    dims: &[CopyDim],
) -> Result<()> {
    if dims.len() > MAX_DIMS {
        return Err(TensorError::unsupported(format!("a copy over {} dimensions", dims.len())));
    }
    let column = |of: fn(&CopyDim) -> usize, first: usize| {
        let mut values = [0; 4];
        for (value, dim) in values.iter_mut().zip(dims.iter().skip(first)) {
            *value = of(dim) as u32;
        }
        values
    };
    let len: usize = dims.iter().map(|d| d.len).product();
    let params = Params {
        len: len as u32,
        rank: dims.len() as u32,
        x_offset: src_offset as u32,
        y_offset: dst_offset as u32,
        dims_0: column(|d| d.len, 0),
        dims_4: column(|d| d.len, 4),
        x_strides_0: column(|d| d.src, 0),
        x_strides_4: column(|d| d.src, 4),
        y_strides_0: column(|d| d.dst, 0),
        y_strides_4: column(|d| d.dst, 4),
    };
    d.launch(&COPY, Variant::workgroup(GpuDevice::ELEMENTS))
        .bind(&[src.gpu("copy")?, dst.gpu("copy")?])
        .params(&params)
        .elements(len, GpuDevice::ELEMENTS)
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&COPY]);
}
