//! Block types on the CPU. The two simplest quantised types are split at load into aligned planes of quants and scales;
//! the others keep their file's bytes.

mod widen;

use kinora_formats::BlockType;

use crate::simd::{Isa, Kernel, Q4, Q8, Simd};

/// The blocks of a weight, row after row.
pub(crate) enum Blocks {
    /// Q8_0: 32 values a block.
    Q8 { quants: Vec<i8>, scales: Vec<f32> },
    /// Q4_0: byte i of a block's 16 holds value i below and value i + 16 above, plus 8.
    Q4 { quants: Vec<u8>, scales: Vec<f32> },
    /// As in the file.
    Bytes { block: BlockType, bytes: Vec<u8> },
}

/// Copies, or `None` when memory ran out.
fn try_collect<T>(len: usize, items: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let mut all = Vec::new();
    all.try_reserve_exact(len).ok()?;
    all.extend(items);
    Some(all)
}

impl Blocks {
    /// From whole blocks; `None` when memory ran out.
    pub fn from_file(block: BlockType, bytes: &[u8]) -> Option<Blocks> {
        let size = block.block_bytes();
        let count = bytes.len() / size;
        let scales = || try_collect(count, bytes.chunks_exact(size).map(|b| f16_at(b, 0)));
        Some(match block {
            BlockType::Q8_0 => {
                let quants = bytes.chunks_exact(size).flat_map(|b| b[2..].iter().map(|&q| q as i8));
                Blocks::Q8 { quants: try_collect(32 * count, quants)?, scales: scales()? }
            }
            BlockType::Q4_0 => {
                let quants = bytes.chunks_exact(size).flat_map(|b| b[2..].iter().copied());
                Blocks::Q4 { quants: try_collect(16 * count, quants)?, scales: scales()? }
            }
            _ => Blocks::Bytes { block, bytes: try_collect(bytes.len(), bytes.iter().copied())? },
        })
    }

    pub fn block(&self) -> BlockType {
        match self {
            Blocks::Q8 { .. } => BlockType::Q8_0,
            Blocks::Q4 { .. } => BlockType::Q4_0,
            Blocks::Bytes { block, .. } => *block,
        }
    }

    /// A copy of `len` values from `start` on; both whole blocks.
    pub fn part(&self, start: usize, len: usize) -> Blocks {
        let b = start / 32..(start + len) / 32;
        match self {
            Blocks::Q8 { quants, scales } => {
                Blocks::Q8 { quants: quants[start..start + len].to_vec(), scales: scales[b].to_vec() }
            }
            Blocks::Q4 { quants, scales } => {
                Blocks::Q4 { quants: quants[16 * b.start..16 * b.end].to_vec(), scales: scales[b].to_vec() }
            }
            Blocks::Bytes { block, bytes } => {
                let at = |values: usize| values / block.block_len() * block.block_bytes();
                Blocks::Bytes { block: *block, bytes: bytes[at(start)..at(start + len)].to_vec() }
            }
        }
    }

    /// Widens `out.len()` values from `start` on to f32; both whole blocks.
    pub fn widen(&self, isa: Isa, start: usize, out: &mut [f32]) {
        isa.run(widen::Widen { blocks: self, start, out });
    }

    /// Σ of a row's products with rounded activations, for the types that have integer products. `row` counts in values.
    #[inline(always)]
    pub fn dot<S: Simd>(&self, s: S, row: usize, x: Q8<'_>, blocks: usize) -> f32 {
        let first = row / 32;
        assert!(x.quants.len() >= 32 * blocks && x.scales.len() >= blocks);
        match self {
            Blocks::Q8 { quants, scales } => {
                let w = Q8 { quants: &quants[row..row + 32 * blocks], scales: &scales[first..first + blocks] };
                // SAFETY: lengths by the slices and the assertion.
                unsafe { s.dot_q8(w, x, blocks) }
            }
            Blocks::Q4 { quants, scales } => {
                let quants = &quants[16 * first..16 * (first + blocks)];
                // SAFETY: as above.
                unsafe { s.dot_q4(Q4 { quants, scales: &scales[first..first + blocks] }, x, blocks) }
            }
            Blocks::Bytes { .. } => f32::NAN,
        }
    }

    /// Whether [`Blocks::dot`] knows the type.
    pub fn has_dot(&self) -> bool {
        !matches!(self, Blocks::Bytes { .. })
    }
}

/// The f16 at byte `at` of a block.
fn f16_at(block: &[u8], at: usize) -> f32 {
    half::f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Rounds blocks of 32 activations to 8 bits: `x ≈ scale · quant`, |quant| ≤ 127.
pub(crate) struct Round<'a> {
    pub x: &'a [f32],
    pub quants: &'a mut [i8],
    pub scales: &'a mut [f32],
}

impl Kernel for Round<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let blocks = self.x.as_chunks::<32>().0.iter().zip(self.quants.as_chunks_mut::<32>().0).zip(self.scales);
        for ((x, quants), scale) in blocks {
            let top = x.iter().fold(0.0f32, |top, v| if v.abs() > top { v.abs() } else { top });
            let inverse = if top > 0.0 { 127.0 / top } else { 0.0 };
            *scale = top / 127.0;
            for (q, x) in quants.iter_mut().zip(x) {
                // adding 1.5 · 2²³ rounds to the nearest integer and leaves it in the low bits
                *q = ((x * inverse + 12_582_912.0).to_bits() as i32 - 0x4b40_0000) as i8;
            }
        }
    }
}
