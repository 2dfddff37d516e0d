//! Blocks to f32.

use half::{bf16, f16};

use super::parts::{Parts, QuantLayout, take_apart};
use crate::BlockType;
use crate::error::{FormatError, shown};

/// Writes the values of `bytes`, whole blocks of `block`, to `out`.
///
/// # Errors
/// `Shape`, unless `bytes` holds exactly `out.len()` values.
pub fn dequantize(block: BlockType, bytes: &[u8], out: &mut [f32]) -> Result<(), FormatError> {
    if block.bytes_for(out.len()) != Some(bytes.len()) {
        let found = shown(format!("{} bytes for {} values", bytes.len(), out.len()));
        let expected = shown(format!("blocks of {} values in {} bytes", block.block_len(), block.block_bytes()));
        return Err(FormatError::Shape { what: shown(format!("{} data", block.name())), found, expected });
    }
    match block {
        BlockType::F32 => floats(bytes, out, f32::from_le_bytes),
        BlockType::F16 => floats(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
        BlockType::BF16 => floats(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
        _ => {}
    }
    let Some(layout) = block.quant_layout() else { return Ok(()) };
    let mut parts = Parts::default();
    for (bytes, out) in bytes.chunks_exact(block.block_bytes()).zip(out.chunks_exact_mut(block.block_len())) {
        take_apart(block, bytes, &mut parts)?;
        parts.values(&layout, out);
    }
    Ok(())
}

fn floats<const B: usize>(bytes: &[u8], out: &mut [f32], one: impl Fn([u8; B]) -> f32) {
    for (b, y) in bytes.as_chunks().0.iter().zip(out) {
        *y = one(*b);
    }
}

impl Parts {
    /// The values of a block of this layout.
    fn values(&self, layout: &QuantLayout, out: &mut [f32]) {
        let groups =
            out.chunks_mut(layout.group).zip(self.quants.chunks(layout.group)).zip(&self.scales).zip(&self.mins);
        for (((out, quants), scale), min) in groups {
            let (scale, min) = (self.d * f32::from(*scale), self.dmin * f32::from(*min));
            for (y, q) in out.iter_mut().zip(quants) {
                let q = match layout.table {
                    Some(table) => f32::from(table.get(usize::from(*q)).copied().unwrap_or(0)),
                    None => f32::from(*q) - f32::from(layout.offset),
                };
                *y = scale * q - min;
            }
        }
    }
}
