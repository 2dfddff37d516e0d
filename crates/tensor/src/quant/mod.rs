//! Block types on the CPU. Floats of 16 bits keep their file's bytes; quantised types are laid out anew at load, in
//! [cells](cells) that the integer kernel reads from one end to the other.

mod cells;
mod product;
mod rounded;
#[cfg(test)]
mod tests;
mod widen;

use kinora_formats::{BlockType, TensorView};

use crate::cpu::Pool;
use crate::simd::Isa;

pub(crate) use cells::Cells;
pub(crate) use product::Product;
pub(crate) use rounded::Rounded;
pub(crate) use widen::f16_to_f32;

/// The blocks of a weight, row after row.
pub(crate) enum Blocks {
    /// F16 or BF16 as in the file.
    Floats { block: BlockType, bytes: Vec<u8> },
    /// Any quantised type.
    Cells(Cells),
}

impl Blocks {
    /// The rows of `parts`, which have the same columns and block type, one below the other; `None` when memory ran out.
    pub fn from_file(isa: Isa, pool: &Pool, parts: &[&TensorView<'_>]) -> Option<Blocks> {
        let block = parts.first()?.block;
        if block.quant_layout().is_some() {
            return Cells::from_file(isa, pool, parts).map(Blocks::Cells);
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(parts.iter().map(|part| part.bytes.len()).sum()).ok()?;
        parts.iter().for_each(|part| bytes.extend_from_slice(part.bytes));
        Some(Blocks::Floats { block, bytes })
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
