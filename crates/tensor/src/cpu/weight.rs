//! Weight matrices in the block type of their file.

use std::sync::Arc;

use kinora_formats::{BlockType, TensorView};

use crate::shape::Shape;
use crate::tensor::Storage;
use crate::{CpuDevice, Result, Tensor, TensorError, quant};

/// A matrix [rows, cols] in blocks.
pub(crate) struct CpuWeight {
    pub block: BlockType,
    pub cols: usize,
    bytes: Vec<u8>,
}

impl CpuWeight {
    /// Copies the file's bytes; `view` was checked.
    pub fn new(_d: &CpuDevice, view: &TensorView<'_>) -> Result<CpuWeight> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(view.bytes.len()).map_err(|_| TensorError::OutOfMemory {
            what: "a weight on the CPU".into(),
            bytes: view.bytes.len() as u64,
            remedy: "use a smaller model".into(),
        })?;
        bytes.extend_from_slice(view.bytes);
        Ok(CpuWeight { block: view.block, cols: view.shape.last().copied().unwrap_or(1), bytes })
    }

    fn row_bytes(&self) -> usize {
        self.cols / self.block.block_len() * self.block.block_bytes()
    }

    /// Row `i`, widened to f32.
    pub fn row(&self, i: usize, out: &mut [f32]) {
        let len = self.row_bytes();
        quant::dequantize(self.block, &self.bytes[i * len..][..len], out);
    }
}

/// The rows of a matrix, whatever its type.
pub(crate) enum MatrixRows<'a> {
    F32(&'a [f32]),
    Blocks(&'a CpuWeight),
}

impl<'a> MatrixRows<'a> {
    pub fn of(t: &'a Tensor) -> Result<Self> {
        match t.storage() {
            Storage::CpuWeight(weight) => Ok(MatrixRows::Blocks(weight)),
            _ => Ok(MatrixRows::F32(t.f32()?)),
        }
    }

    /// Row `i`, as long as `out`.
    pub fn row(&self, i: usize, out: &mut [f32]) {
        match self {
            MatrixRows::F32(values) => out.copy_from_slice(&values[i * out.len()..][..out.len()]),
            MatrixRows::Blocks(weight) => weight.row(i, out),
        }
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
    let row = weight.row_bytes();
    let bytes = weight.bytes[start * row..(start + len) * row].to_vec();
    let shape = Shape::new(&[len, weight.cols]).ok_or_else(|| TensorError::unsupported("a weight of that size"))?;
    let weight = CpuWeight { bytes, block: weight.block, cols: weight.cols };
    Ok(t.with_storage(Storage::CpuWeight(Arc::new(weight)), shape))
}
