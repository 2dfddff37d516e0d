//! Blocks to f32. Loops over arrays of fixed length, which the compiler vectorises for each instruction set.

use half::{bf16, f16};
use kinora_formats::{BlockType, quant};

use super::Blocks;
use crate::simd::{Kernel, Simd};

pub(super) struct Widen<'a> {
    pub blocks: &'a Blocks,
    pub start: usize,
    pub out: &'a mut [f32],
}

impl Kernel for Widen<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let (start, out) = (self.start, self.out);
        let first = start / 32;
        match self.blocks {
            Blocks::Q8 { quants, scales } => {
                let quants = quants[start..start + out.len()].as_chunks::<32>().0;
                for ((out, q), &scale) in out.as_chunks_mut::<32>().0.iter_mut().zip(quants).zip(&scales[first..]) {
                    for i in 0..32 {
                        out[i] = f32::from(q[i]) * scale;
                    }
                }
            }
            Blocks::Q4 { quants, scales } => {
                let quants = quants[16 * first..].as_chunks::<16>().0;
                for ((out, q), &scale) in out.as_chunks_mut::<32>().0.iter_mut().zip(quants).zip(&scales[first..]) {
                    for i in 0..16 {
                        out[i] = (i32::from(q[i] & 15) - 8) as f32 * scale;
                        out[i + 16] = (i32::from(q[i] >> 4) - 8) as f32 * scale;
                    }
                }
            }
            Blocks::Bytes { block, bytes } => {
                let at = |values: usize| values / block.block_len() * block.block_bytes();
                let bytes = &bytes[at(start)..at(start + out.len())];
                match block {
                    BlockType::F16 => widen_f16(bytes, out),
                    BlockType::BF16 => {
                        for (out, b) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                            *out = bf16::from_le_bytes(*b).to_f32();
                        }
                    }
                    _ => {
                        // Lengths are whole blocks; were they not, zeros are better than a panic.
                        if quant::dequantize(*block, bytes, out).is_err() {
                            out.fill(0.0);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn widen_f16(bytes: &[u8], out: &mut [f32]) {
    for (out, b) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *out = f16_to_f32(u16::from_le_bytes(*b));
    }
}

/// Exact, subnormals too: the exponent is corrected by a multiplication. NaN and ∞ go the slow way.
#[inline(always)]
fn f16_to_f32(bits: u16) -> f32 {
    const SCALE: f32 = f32::from_bits(0x7780_0000); // 2¹¹²
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * SCALE;
    let sign = u32::from(bits & 0x8000) << 16;
    if bits & 0x7c00 == 0x7c00 { f16::from_bits(bits).to_f32() } else { f32::from_bits(magnitude.to_bits() | sign) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_widens_exactly() {
        for bits in 0..=u16::MAX {
            let (got, want) = (f16_to_f32(bits), f16::from_bits(bits).to_f32());
            assert!(got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()), "{bits:#x}");
        }
    }
}
