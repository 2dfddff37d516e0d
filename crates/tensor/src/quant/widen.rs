//! Floats of 16 bits to f32. Loops over arrays of fixed length, which the compiler vectorises for each instruction set.

use half::bf16;
use kinora_formats::BlockType;

use crate::simd::{Kernel, Simd};

pub(super) struct Widen<'a> {
    pub block: BlockType,
    pub bytes: &'a [u8],
    pub out: &'a mut [f32],
}

impl Kernel for Widen<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let values = self.out.iter_mut().zip(self.bytes.as_chunks::<2>().0);
        if self.block == BlockType::F16 {
            values.for_each(|(out, b)| *out = f16_to_f32(u16::from_le_bytes(*b)));
        } else {
            values.for_each(|(out, b)| *out = bf16::from_le_bytes(*b).to_f32());
        }
    }
}

/// Exact, subnormals too: the exponent is corrected by a multiplication, and that of ∞ and NaN set. Without a branch, so
/// that loops over it become vectors.
#[inline(always)]
pub(crate) fn f16_to_f32(bits: u16) -> f32 {
    const SCALE: f32 = f32::from_bits(0x7780_0000); // 2¹¹²
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * SCALE;
    let special = if bits & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
    let sign = u32::from(bits & 0x8000) << 16;
    f32::from_bits(magnitude.to_bits() | special | sign)
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn every_half_widens_exactly() {
        for bits in 0..=u16::MAX {
            let (got, want) = (f16_to_f32(bits), f16::from_bits(bits).to_f32());
            assert!(got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()), "{bits:#x}");
        }
    }
}
