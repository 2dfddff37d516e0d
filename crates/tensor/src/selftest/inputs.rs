//! Values that look random and are the same everywhere.

use kinora_formats::{BlockType, TensorView, quant};

use crate::{Device, Result, Tensor};

/// Uniform in [-1, 1).
pub(super) fn values(n: usize, seed: u32) -> Vec<f32> {
    let mix = |i: u32| {
        let x = (i ^ seed.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
        let x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
        x ^ (x >> 16)
    };
    (0..n as u32).map(|i| (mix(i) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}

pub(super) fn tensor(d: &Device, shape: &[usize], seed: u32) -> Result<Tensor> {
    Tensor::from_f32(d, shape, &values(shape.iter().product(), seed))
}

/// A weight [n, k] of any block type; `k` is whole blocks.
pub(super) fn weight(d: &Device, block: BlockType, [n, k]: [usize; 2]) -> Result<Tensor> {
    let values = values(n * k, 77);
    let bytes = match block {
        BlockType::F32 => quant::f32_bytes(&values),
        BlockType::F16 => quant::f16_bytes(&values),
        BlockType::BF16 => quant::bf16_bytes(&values),
        // Any bits are a block; scales are made small halves.
        _ => {
            let len = n * k / block.block_len() * block.block_bytes();
            let mut bytes: Vec<u8> = self::values(len, 78).iter().map(|v| ((v + 1.0) * 127.9) as u8).collect();
            for b in bytes.chunks_exact_mut(block.block_bytes()) {
                for &at in scales_of(block) {
                    let scale = half::f16::from_f32(0.002 + f32::from(b[at]) / 65_536.0);
                    b[at..at + 2].copy_from_slice(&scale.to_le_bytes());
                }
            }
            bytes
        }
    };
    Tensor::weight(d, &TensorView::new(vec![n, k], block, &bytes))
}

/// Where the f16 scales of a quantised block lie, in bytes.
pub(crate) fn scales_of(block: BlockType) -> &'static [usize] {
    match block {
        BlockType::F32 | BlockType::F16 | BlockType::BF16 => &[],
        BlockType::Q8_0 | BlockType::Q4_0 | BlockType::Q5_0 | BlockType::IQ4_NL | BlockType::IQ4_XS => &[0],
        BlockType::Q4_1 | BlockType::Q5_1 | BlockType::Q4_K | BlockType::Q5_K => &[0, 2],
        BlockType::Q2_K => &[80, 82],
        BlockType::Q3_K => &[108],
        BlockType::Q6_K => &[208],
    }
}
