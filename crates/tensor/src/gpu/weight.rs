//! Weight matrices on the GPU, in one buffer or, above the size of a binding, in several by rows.

use std::sync::Arc;

use kinora_formats::{BlockType, TensorView};

use super::{GpuBuffer, GpuDevice, error, pack};
use crate::quant::read_rows;
use crate::tensor::Storage;
use crate::{DType, Result, Tensor, TensorError};

/// Packed bytes that are uploaded at once: little memory beside the file's own.
const PIECE_BYTES: usize = 4 << 20;

/// A matrix. Clones share it.
#[derive(Clone)]
pub(crate) struct GpuWeight(Arc<[Part]>);

/// Some rows of a matrix, in a buffer of their own.
pub(crate) struct Part {
    buffer: GpuBuffer,
    first: usize,
    rows: usize,
}

/// Rows of a matrix that one binding reaches.
pub(crate) struct Rows<'a> {
    pub buffer: &'a GpuBuffer,
    /// Of the first value, in words.
    pub offset: usize,
    /// Number of the first row in the whole matrix.
    pub first: usize,
    pub rows: usize,
    /// `Params::w_scales`.
    pub scales: u32,
}

impl GpuDevice {
    /// The rows of `views`, which have one width and block type, below one another, in the layout that kernels read; never more than a few megabytes at once beside the file.
    ///
    /// Errors: `OutOfMemory`, `DeviceLost`, `Unsupported` where one row exceeds a binding.
    pub(crate) fn weight(&self, views: &[TensorView<'_>]) -> Result<GpuWeight> {
        let none = || TensorError::unsupported("a weight that is no matrix");
        let view = views.first().ok_or_else(none)?;
        let &[_, k] = view.shape.as_slice() else { return Err(none()) };
        let n = views.iter().map(|view| view.shape.first().copied().unwrap_or(0)).sum::<usize>();
        let limit = self.binding_limit() as usize;
        // Two rows at a time: then the scales of each part begin in a word of their own.
        let pair = pack::words(view.block, 2, k).max(1) * 4;
        let most = limit / pair * 2;
        if most == 0 {
            return Err(error::too_large("a row of a weight", pair as u64, limit as u64));
        }
        let parts = n.div_ceil(most).max(1);
        let each = n.div_ceil(parts).next_multiple_of(2).min(most);
        let part = |first: usize| {
            let rows = each.min(n - first);
            let buffer = self.upload_rows(views, view.block, [first, rows, k])?;
            Ok(Part { buffer, first, rows })
        };
        Ok(GpuWeight((0..n).step_by(each.max(1)).map(part).collect::<Result<_>>()?))
    }

    fn upload_rows(
        &self,
        views: &[TensorView<'_>],
        block: BlockType,
        [first, rows, k]: [usize; 3],
    ) -> Result<GpuBuffer> {
        let buffer = self.alloc_persistent(pack::words(block, rows, k) * 4)?;
        let row_bytes = block.bytes_for(k).unwrap_or(0);
        let step = (PIECE_BYTES / row_bytes.max(1)).max(2) / 2 * 2;
        let mut scales = pack::scales_at(block, rows * k);
        let mut quants = 0;
        for start in (0..rows).step_by(step) {
            let count = step.min(rows - start);
            let bytes = read_rows(views, row_bytes, first + start, count)?;
            let planes = pack::pack(&TensorView::new(vec![count, k], block, &bytes))?;
            self.upload_at(&buffer, quants * 4, bytemuck::cast_slice(&planes.quants))?;
            self.upload_at(&buffer, scales * 4, bytemuck::cast_slice(&planes.scales))?;
            quants += planes.quants.len();
            scales += planes.scales.len();
        }
        Ok(buffer)
    }
}

impl Tensor {
    /// The rows of a matrix on the GPU by the buffers that hold them.
    pub(crate) fn gpu_rows(&self, op: &'static str) -> Result<Vec<Rows<'_>>> {
        let block = pack::block_type(op, self)?;
        let (n, k) = (self.dim(0), self.last_dim());
        match self.storage() {
            Storage::GpuWeight(weight) => {
                let rows = |p| {
                    let &Part { ref buffer, first, rows } = p;
                    Rows { buffer, offset: 0, first, rows, scales: pack::scales_at(block, rows * k) as u32 }
                };
                Ok(weight.0.iter().map(rows).collect())
            }
            _ => {
                if self.dtype() != DType::F32 {
                    return Err(TensorError::unsupported(format!("{op} with a cache")));
                }
                let (buffer, offset) = self.gpu(op)?;
                Ok(vec![Rows { buffer, offset, first: 0, rows: n, scales: 0 }])
            }
        }
    }
}
