//! Block types on the CPU. Floats of 16 bits keep their file's bytes; quantised types are laid out anew at load, in
//! [cells](cells) that the integer kernel reads from one end to the other.

mod cells;
mod product;
mod rounded;
#[cfg(test)]
mod tests;
mod widen;

use std::borrow::Cow;

use kinora_formats::{BlockType, TensorView};

use crate::simd::Isa;
use crate::{CpuDevice, Result, TensorError};

pub(crate) use cells::Cells;
pub(crate) use product::Product;
pub(crate) use rounded::Rounded;
pub(crate) use widen::f16_to_f32;

/// Bytes that are read from a file at once.
const PIECE: usize = 4 << 20;

fn no_memory(bytes: usize) -> TensorError {
    TensorError::OutOfMemory {
        what: "a weight on the CPU".into(),
        bytes: bytes as u64,
        remedy: "use a smaller model".into(),
    }
}

/// The blocks of a weight, row after row.
pub(crate) enum Blocks {
    /// F16 or BF16 as in the file.
    Floats { block: BlockType, bytes: Vec<u8> },
    /// Any quantised type.
    Cells(Cells),
}

impl Blocks {
    /// The rows of `parts`, which have the same columns and block type, one below the other.
    ///
    /// # Errors
    /// `OutOfMemory`, `Format` where the file cannot be read.
    pub fn from_file(d: &CpuDevice, parts: &[TensorView<'_>]) -> Result<Blocks> {
        let block = parts.first().map_or(BlockType::F32, |part| part.block);
        if block.quant_layout().is_some() {
            return Cells::from_file(d, parts).map(Blocks::Cells);
        }
        let mut bytes = Vec::new();
        let len = parts.iter().map(TensorView::byte_len).sum();
        bytes.try_reserve_exact(len).map_err(|_| no_memory(len))?;
        for part in parts {
            for at in (0..part.byte_len()).step_by(PIECE) {
                bytes.extend_from_slice(&part.range(at, PIECE.min(part.byte_len() - at))?);
            }
        }
        Ok(Blocks::Floats { block, bytes })
    }

    /// A copy of `len` rows of `cols` values from row `start` on.
    pub fn rows(&self, cols: usize, start: usize, len: usize) -> Blocks {
        match self {
            Blocks::Floats { block, bytes } => {
                let size = cols * block.block_bytes();
                Blocks::Floats { block: *block, bytes: bytes[start * size..(start + len) * size].to_vec() }
            }
            Blocks::Cells(cells) => Blocks::Cells(cells.rows(start, len)),
        }
    }

    /// Widens `out.len()` values of row `row` of `cols` values from column `start` on to f32; both whole blocks.
    pub fn widen(&self, isa: Isa, cols: usize, row: usize, start: usize, out: &mut [f32]) {
        match self {
            Blocks::Floats { block, bytes } => {
                let bytes = &bytes[2 * (row * cols + start)..][..2 * out.len()];
                isa.run(widen::Widen { block: *block, bytes, out });
            }
            Blocks::Cells(cells) => cells.widen(row, start, out),
        }
    }
}

/// `count` rows of all parts from row `start` on.
pub(crate) fn read_rows<'a>(
    parts: &[TensorView<'a>],
    row_bytes: usize,
    start: usize,
    count: usize,
) -> Result<Cow<'a, [u8]>> {
    let (mut skip, mut left) = (start * row_bytes, count * row_bytes);
    let mut all: Option<Cow<'a, [u8]>> = None;
    for part in parts {
        let len = part.byte_len();
        let take = left.min(len.saturating_sub(skip));
        if take > 0 {
            let bytes = part.range(skip, take)?;
            match &mut all {
                None => all = Some(bytes),
                Some(all) => all.to_mut().extend_from_slice(&bytes),
            }
        }
        skip = skip.saturating_sub(len);
        left -= take;
    }
    Ok(all.unwrap_or_default())
}
