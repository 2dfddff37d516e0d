//! Block types on the CPU.

use kinora_formats::{BlockType, quant};

/// Widens whole blocks to f32.
pub(crate) fn dequantize(block: BlockType, bytes: &[u8], out: &mut [f32]) {
    // Lengths were checked when the weight was made; a mismatch leaves zeros rather than a panic.
    if quant::dequantize(block, bytes, out).is_err() {
        out.fill(0.0);
    }
}
