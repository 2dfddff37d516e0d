//! Weight matrices in the block type of their file.

use std::sync::{Arc, OnceLock};

use kinora_formats::TensorView;

use super::CpuBuf;
use crate::ops::gemm::{Panels, fill_from_rows, panel_width};
use crate::quant::Blocks;
use crate::shape::Shape;
use crate::tensor::Storage;
use crate::{CpuDevice, Result, Tensor, TensorError};

/// A matrix [rows, cols] in blocks.
pub(crate) struct CpuWeight {
    pub cols: usize,
    pub blocks: Blocks,
    /// Floats of 16 bits: widened and packed at first use, within the device's budget.
    packed: OnceLock<Box<Panels>>,
}

impl CpuWeight {
    /// Takes in the rows of `parts`, which have the same columns and block type, one below the other; they were checked.
    pub fn new(d: &CpuDevice, parts: &[TensorView<'_>]) -> Result<CpuWeight> {
        let blocks = Blocks::from_file(d, parts)?;
        let cols = parts.first().and_then(|part| part.shape.last().copied()).unwrap_or(1);
        Ok(CpuWeight { cols, blocks, packed: OnceLock::new() })
    }
}

/// The rows of a matrix, whatever its type.
#[derive(Clone, Copy)]
pub(crate) enum MatrixRows<'a> {
    /// With the buffer, where it is constant and all of it is this matrix.
    F32(&'a [f32], Option<&'a CpuBuf>),
    Blocks(&'a CpuWeight),
}

/// A matrix as panels.
pub(crate) enum Packed<'a> {
    Kept(&'a Panels),
    Fresh(Panels),
    /// To be widened panel by panel.
    No,
}

impl<'a> MatrixRows<'a> {
    pub fn of(t: &'a Tensor) -> Result<Self> {
        match t.storage() {
            Storage::CpuWeight(weight) => Ok(MatrixRows::Blocks(weight)),
            Storage::Cpu(buffer) => {
                let whole = buffer.constant && buffer.f32().len() == t.len();
                Ok(MatrixRows::F32(t.f32()?, whole.then_some(buffer)))
            }
            Storage::CpuCache(_) => Err(TensorError::unsupported("a product with a cache")),
            Storage::Gpu(_) | Storage::GpuWeight(_) => Err(TensorError::Device { op: "cpu", arg: "weight" }),
        }
    }

    /// Row `i`, as long as `out`.
    pub fn row(&self, d: &CpuDevice, i: usize, out: &mut [f32]) {
        match self {
            MatrixRows::F32(values, _) => out.copy_from_slice(&values[i * out.len()..][..out.len()]),
            MatrixRows::Blocks(weight) => weight.blocks.widen(d.isa(), weight.cols, i, 0, out),
        }
    }

    /// The matrix [n, k] as panels: kept from the first use on where it is constant and the device's budget allows.
    pub fn packed(&self, d: &CpuDevice, n: usize, k: usize) -> Result<Packed<'a>> {
        let pack = || Panels::of_rows(d, n, k, |i, out| self.row(d, i, out));
        let kept = match self {
            MatrixRows::F32(_, None) => return Ok(Packed::Fresh(pack()?)),
            MatrixRows::F32(_, Some(buffer)) => &buffer.packed,
            MatrixRows::Blocks(weight) if matches!(weight.blocks, Blocks::Floats { .. }) => &weight.packed,
            MatrixRows::Blocks(_) => return Ok(Packed::No),
        };
        if kept.get().is_none() && d.reserve_packed(n * k * 4) {
            let _ = kept.set(Box::new(pack()?)); // another thread may have been faster
        }
        match (kept.get(), self) {
            (Some(panels), _) if panels.width == panel_width(d.isa()) => Ok(Packed::Kept(panels)),
            (_, MatrixRows::F32(..)) => Ok(Packed::Fresh(pack()?)),
            _ => Ok(Packed::No),
        }
    }

    /// Rows `k0..` of a panel of the transposed matrix: `[depth][width]` from `depth` values of `width` rows of the n.
    pub fn fill_panel(&self, d: &CpuDevice, panel: usize, n: usize, k0: usize, out: &mut [f32]) {
        let width = panel_width(d.isa());
        let depth = out.len() / width;
        fill_from_rows(out, width, depth, |c, values| match (panel * width + c, self) {
            (row, _) if row >= n => values.fill(0.0),
            (row, MatrixRows::Blocks(w)) => w.blocks.widen(d.isa(), w.cols, row, k0, values),
            (row, MatrixRows::F32(w, _)) => values.copy_from_slice(&w[row * (w.len() / n) + k0..][..depth]),
        });
    }
}

/// `len` rows of a weight in blocks, as a weight of their own.
pub(crate) fn quantised_rows(t: &Tensor, dim: usize, start: usize, len: usize) -> Result<Tensor> {
    let Storage::CpuWeight(weight) = t.storage() else {
        return Err(TensorError::unsupported("slicing a quantised weight on the GPU"));
    };
    if dim != 0 {
        return Err(TensorError::unsupported("slicing a quantised weight within its rows"));
    }
    let shape = Shape::new(&[len, weight.cols]).ok_or_else(|| TensorError::unsupported("a weight of that size"))?;
    let blocks = weight.blocks.rows(weight.cols, start, len);
    let weight = CpuWeight { blocks, cols: weight.cols, packed: OnceLock::new() };
    Ok(t.with_storage(Storage::CpuWeight(Arc::new(weight)), shape))
}

/// Whether the matrix was packed and kept.
#[cfg(test)]
pub(crate) fn is_kept(t: &Tensor) -> bool {
    match t.storage() {
        Storage::CpuWeight(weight) => weight.packed.get().is_some(),
        Storage::Cpu(buffer) => buffer.packed.get().is_some(),
        Storage::CpuCache(_) | Storage::Gpu(_) | Storage::GpuWeight(_) => false,
    }
}
