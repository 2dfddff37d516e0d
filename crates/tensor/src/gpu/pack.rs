//! Weights on the GPU: the file's blocks as aligned planes in one buffer, first the quants, then the scales.
//!
//! A block type is a row here and a file `quant/<type>/<type>.wgsl` whose contract is `BLOCK_LEN` and `dequant8(row, j)`;
//! kernels that read weights name their binding `w` and have `k` (row length) and `w_scales` in their `Params`.

use kinora_formats::{BlockType, TensorView};

use super::{GpuBuffer, GpuDevice};
use crate::{DType, Result, Tensor, TensorError};

/// The types that kernels can read.
#[cfg(test)]
pub(crate) const BLOCK_TYPES: [BlockType; 7] = [
    BlockType::F32,
    BlockType::F16,
    BlockType::BF16,
    BlockType::Q8_0,
    BlockType::Q4_0,
    BlockType::Q4_K,
    BlockType::Q6_K,
];

/// The snippet that reads a type.
pub(crate) fn wgsl(block: BlockType) -> &'static str {
    match block {
        BlockType::F32 => include_str!("../quant/f32/f32.wgsl"),
        BlockType::F16 => include_str!("../quant/f16/f16.wgsl"),
        BlockType::BF16 => include_str!("../quant/bf16/bf16.wgsl"),
        BlockType::Q8_0 => include_str!("../quant/q8_0/q8_0.wgsl"),
        BlockType::Q4_0 => include_str!("../quant/q4_0/q4_0.wgsl"),
        BlockType::Q4_K => include_str!("../quant/q4_k/q4_k.wgsl"),
        BlockType::Q6_K => include_str!("../quant/q6_k/q6_k.wgsl"),
        _ => "", // `pack` refuses them
    }
}

/// Word at which the scales of a matrix of `len` weights begin: `Params::w_scales`.
pub(crate) fn scales_at(block: BlockType, len: usize) -> u32 {
    let words = match block {
        BlockType::F32 | BlockType::F16 | BlockType::BF16 => 0,
        BlockType::Q8_0 => len / 4,
        BlockType::Q4_0 | BlockType::Q4_K => len / 8,
        BlockType::Q6_K => len / 256 * 48,
        _ => 0,
    };
    words as u32
}

impl GpuDevice {
    /// A matrix from a file, in the planes that kernels read. Errors: `OutOfMemory`, `DeviceLost`, `Unsupported` above
    /// the size of one binding.
    pub fn weight(&self, view: &TensorView<'_>) -> Result<GpuBuffer> {
        let planes = pack(view)?;
        let buffer = self.alloc_persistent(planes.len() * 4)?;
        self.upload(&buffer, bytemuck::cast_slice(&planes))?;
        Ok(buffer)
    }
}

/// The planes of a matrix, as words.
pub(crate) fn pack(view: &TensorView<'_>) -> Result<Vec<u32>> {
    let cols = view.shape.last().copied().unwrap_or(1);
    let (len, bytes) = (view.len(), view.bytes);
    let mut planes = Planes { quants: Vec::with_capacity(len / 4), scales: Vec::new() };
    match view.block {
        BlockType::F32 => {
            planes.quants = bytes.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
        }
        BlockType::F16 | BlockType::BF16 => {
            for row in bytes.chunks(2 * cols.max(1)) {
                let mut row = row.to_vec();
                row.resize(row.len().next_multiple_of(16), 0);
                planes.quants.extend(row.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b)));
            }
        }
        BlockType::Q8_0 => blocks::<34>(bytes)?.iter().for_each(|b| planes.q8_0(b)),
        BlockType::Q4_0 => blocks::<18>(bytes)?.iter().for_each(|b| planes.q4_0(b)),
        BlockType::Q4_K => blocks::<144>(bytes)?.iter().for_each(|b| planes.q4_k(b)),
        BlockType::Q6_K => blocks::<210>(bytes)?.iter().for_each(|b| planes.q6_k(b)),
        other => return Err(TensorError::unsupported(format!("weights of the type {} on the GPU", other.name()))),
    }
    debug_assert!(planes.scales.is_empty() || planes.quants.len() as u32 == scales_at(view.block, len));
    planes.quants.extend_from_slice(&planes.scales);
    Ok(planes.quants)
}

fn blocks<const BYTES: usize>(bytes: &[u8]) -> Result<&[[u8; BYTES]]> {
    match bytes.as_chunks::<BYTES>() {
        (blocks, []) => Ok(blocks),
        _ => {
            Err(TensorError::unsupported(format!("a weight of {} bytes, not of whole blocks of {BYTES}", bytes.len())))
        }
    }
}

struct Planes {
    quants: Vec<u32>,
    scales: Vec<u32>,
}

impl Planes {
    /// Two f16 scales a word: block `block` in the lower half if it is even.
    fn push_scale(&mut self, block: usize, d: [u8; 2]) {
        let d = u32::from(u16::from_le_bytes(d));
        match self.scales.last_mut() {
            Some(word) if block % 2 == 1 => *word |= d << 16,
            _ => self.scales.push(d),
        }
    }

    /// f16 d, then 32 int8.
    fn q8_0(&mut self, b: &[u8; 34]) {
        let block = self.quants.len() / 8;
        self.push_scale(block, [b[0], b[1]]);
        self.quants.extend(b[2..].as_chunks::<4>().0.iter().map(|&q| u32::from_le_bytes(q)));
    }

    /// f16 d, then 16 bytes: byte i holds weights i (low) and i + 16 (high).
    fn q4_0(&mut self, b: &[u8; 18]) {
        let block = self.quants.len() / 4;
        self.push_scale(block, [b[0], b[1]]);
        let nibble = |i: usize| if i < 16 { b[2 + i] & 15 } else { b[2 + i - 16] >> 4 };
        self.push_nibbles(32, nibble);
    }

    /// f16 d and dmin, 12 bytes of six-bit scales and minima, then 128 bytes: each 32 hold two sub-blocks.
    fn q4_k(&mut self, b: &[u8; 144]) {
        self.scales.push(u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let s = &b[4..16];
        for pair in 0..4 {
            let mut word = 0;
            for half in 0..2 {
                let j = 2 * pair + half;
                let (scale, minimum) = if j < 4 {
                    (s[j] & 63, s[j + 4] & 63)
                } else {
                    ((s[j + 4] & 15) | (s[j - 4] >> 6 << 4), (s[j + 4] >> 4) | (s[j] >> 6 << 4))
                };
                word |= (u32::from(scale) | u32::from(minimum) << 8) << (16 * half);
            }
            self.scales.push(word);
        }
        self.push_nibbles(256, |i| {
            let byte = b[16 + i / 64 * 32 + i % 32];
            if i % 64 < 32 { byte & 15 } else { byte >> 4 }
        });
    }

    /// 128 bytes of low nibbles, 64 of upper bit pairs, 16 int8 scales, f16 d; each half of the block holds 128 weights.
    fn q6_k(&mut self, b: &[u8; 210]) {
        self.scales.extend(b[192..208].as_chunks::<4>().0.iter().map(|&s| u32::from_le_bytes(s)));
        self.scales.push(u32::from(u16::from_le_bytes([b[208], b[209]])));
        self.push_nibbles(256, |i| {
            let byte = b[i / 128 * 64 + i % 64];
            if i % 128 < 64 { byte & 15 } else { byte >> 4 }
        });
        for first in (0..256).step_by(16) {
            let pair = |i: usize| u32::from(b[128 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3);
            self.quants.push((0..16).map(|i| pair(first + i) << (2 * i)).sum());
        }
    }

    /// Eight nibbles a word: the low ones of its bytes are the first four weights, the high ones the next four.
    fn push_nibbles(&mut self, len: usize, nibble: impl Fn(usize) -> u8) {
        for first in (0..len).step_by(8) {
            let byte = |i: usize| u32::from(nibble(first + i) | nibble(first + 4 + i) << 4);
            self.quants.push((0..4).map(|i| byte(i) << (8 * i)).sum());
        }
    }
}

/// The block type of a weight, F32 for activations.
pub(crate) fn block_type(op: &'static str, w: &Tensor) -> Result<BlockType> {
    match w.dtype() {
        DType::F32 => Ok(BlockType::F32),
        DType::Block(block) => Ok(block),
        got @ DType::U32 => Err(TensorError::DType { op, arg: "w", got, expected: "a weight" }),
    }
}
