//! Rows of a KV cache in 16 or 8 bits on the GPU: two halves a word, or four int8 a word and behind all of them a scale,
//! as f32, for each 32.

use kinora_formats::BlockType;

use super::{GpuBuffer, GpuDevice};
use crate::{Result, TensorError};

/// Values of a block in 8 bits.
const BLOCK: usize = 32;

/// Word at which the scales of a cache of `len` values begin: `Params` of kernels that read or write it.
pub(crate) fn scales_at(len: usize) -> usize {
    len / 4
}

/// Words that `len` values in rows of `row` take.
///
/// # Errors
/// `Unsupported` for other types and for rows that are no whole words or blocks.
pub(crate) fn words(block: BlockType, len: usize, row: usize) -> Result<usize> {
    match block {
        BlockType::F16 if row.is_multiple_of(2) => Ok(len / 2),
        BlockType::Q8_0 if row.is_multiple_of(BLOCK) => Ok(scales_at(len) + len / BLOCK),
        BlockType::F16 | BlockType::Q8_0 => {
            Err(TensorError::unsupported(format!("a cache in {} with rows of {row} values on the GPU", block.name())))
        }
        _ => Err(TensorError::unsupported(format!("a cache in {}", block.name()))),
    }
}

/// Runs of words, (start, length), that hold `len` values from `start` on in a cache of `capacity` values.
pub(crate) fn runs(block: BlockType, capacity: usize, start: usize, len: usize) -> Vec<(usize, usize)> {
    match block {
        BlockType::Q8_0 => vec![(start / 4, len / 4), (scales_at(capacity) + start / BLOCK, len / BLOCK)],
        _ => vec![(start / 2, len / 2)],
    }
}

impl GpuDevice {
    /// The first `len` values of a cache of `capacity`, as GGUF stores blocks of the type.
    pub(crate) async fn cache_bytes(
        &self,
        buffer: &GpuBuffer,
        block: BlockType,
        capacity: usize,
        len: usize,
    ) -> Result<Vec<u8>> {
        let mut parts = Vec::new();
        for (start, words) in runs(block, capacity, 0, len) {
            parts.push(self.read(buffer, 4 * start, 4 * words).await?);
        }
        let [quants, scales] = &parts[..] else { return Ok(parts.concat()) };
        let blocks = quants.as_chunks::<BLOCK>().0.iter().zip(scales.as_chunks::<4>().0);
        let block = |(q, s): (&[u8; BLOCK], &[u8; 4])| {
            half::f16::from_f32(f32::from_le_bytes(*s)).to_le_bytes().into_iter().chain(*q)
        };
        Ok(blocks.flat_map(block).collect())
    }

    /// Writes what [`GpuDevice::cache_bytes`] gave: whole blocks, and no more than fit.
    pub(crate) fn set_cache_bytes(
        &self,
        buffer: &GpuBuffer,
        block: BlockType,
        capacity: usize,
        bytes: &[u8],
    ) -> Result<()> {
        if block != BlockType::Q8_0 {
            return self.upload(buffer, bytes);
        }
        let blocks = bytes.as_chunks::<{ BLOCK + 2 }>().0;
        let quants: Vec<u8> = blocks.iter().flat_map(|b| b[2..].to_vec()).collect();
        let scale = |b: &[u8; BLOCK + 2]| half::f16::from_le_bytes([b[0], b[1]]).to_f32();
        let scales: Vec<f32> = blocks.iter().map(scale).collect();
        self.upload(buffer, &quants)?;
        self.upload_at(buffer, 4 * scales_at(capacity), bytemuck::cast_slice(&scales))
    }
}
