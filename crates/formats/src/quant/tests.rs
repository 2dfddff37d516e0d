use proptest::prelude::*;

use super::*;
use crate::BlockType;

/// ggml's reference loops, written the way ggml writes them, with indices.
fn reference(block: BlockType, b: &[u8]) -> Vec<f32> {
    let f = |i: usize| half::f16::from_le_bytes([b[i], b[i + 1]]).to_f32();
    match block {
        BlockType::Q8_0 => (0..32).map(|i| f(0) * (b[2 + i] as i8) as f32).collect(),
        BlockType::Q4_0 => (0..32).map(|i| f(0) * (((b[2 + i % 16] >> (4 * (i / 16))) & 15) as f32 - 8.0)).collect(),
        BlockType::Q4_K => (0..256)
            .map(|i| {
                let j = i / 32;
                let s = &b[4..16];
                let (sc, m) = if j < 4 {
                    (s[j] & 63, s[j + 4] & 63)
                } else {
                    ((s[j + 4] & 15) | ((s[j - 4] >> 6) << 4), (s[j + 4] >> 4) | ((s[j] >> 6) << 4))
                };
                let q = (b[16 + 32 * (j / 2) + i % 32] >> (4 * (j % 2))) & 15;
                f(0) * f32::from(sc) * f32::from(q) - f(2) * f32::from(m)
            })
            .collect(),
        BlockType::Q6_K => (0..256)
            .map(|i| {
                let (half, r) = (i / 128, i % 128);
                let (quarter, l) = (r / 32, r % 32);
                let low = (b[64 * half + 32 * (quarter % 2) + l] >> (4 * (quarter / 2))) & 15;
                let high = (b[128 + 32 * half + l] >> (2 * quarter)) & 3;
                let scale = b[192 + 8 * half + 2 * quarter + l / 16] as i8;
                f(208) * f32::from(scale) * (f32::from(low | (high << 4)) - 32.0)
            })
            .collect(),
        _ => unreachable!(),
    }
}

proptest! {
    #[test]
    fn dequantize_equals_the_indexed_reference(seed in proptest::collection::vec(any::<u8>(), 210)) {
        for block in [BlockType::Q8_0, BlockType::Q4_0, BlockType::Q4_K, BlockType::Q6_K] {
            let bytes = &seed[..block.block_bytes()];
            let mut out = vec![0.0; block.block_len()];
            dequantize(block, bytes, &mut out).unwrap();
            for (got, want) in out.iter().zip(reference(block, bytes)) {
                let near = (got - want).abs() <= want.abs() * 1e-5 || got.to_bits() == want.to_bits();
                prop_assert!(near || !want.is_finite(), "{}: got {got}, want {want}", block.name());
            }
        }
    }

    #[test]
    fn quantised_values_come_back_within_half_a_step(values in proptest::collection::vec(-100f32..100.0, 64)) {
        for (block, bytes, steps) in [
            (BlockType::Q8_0, quantize_q8_0(&values).unwrap(), 127.0),
            (BlockType::Q4_0, quantize_q4_0(&values).unwrap(), 8.0),
        ] {
            let mut out = vec![0.0; 64];
            dequantize(block, &bytes, &mut out).unwrap();
            for (chunk, got) in values.chunks(32).zip(out.chunks(32)) {
                let max = chunk.iter().fold(0f32, |m, v| m.max(v.abs()));
                // Q4_0 has no level above +7: the largest opposite value is a whole step off.
                let step = max / steps * if block == BlockType::Q4_0 { 1.01 } else { 0.55 };
                for (v, g) in chunk.iter().zip(got) {
                    prop_assert!((v - g).abs() <= step + 1e-6, "{}: {v} came back as {g}", block.name());
                }
            }
        }
    }
}

#[test]
fn float_types_come_back() {
    for (block, bytes) in [
        (BlockType::F32, f32_bytes(&[1.5, -2.0])),
        (BlockType::F16, f16_bytes(&[1.5, -2.0])),
        (BlockType::BF16, bf16_bytes(&[1.5, -2.0])),
    ] {
        let mut out = [0.0; 2];
        dequantize(block, &bytes, &mut out).unwrap();
        assert_eq!(out, [1.5, -2.0]);
    }
}

#[test]
fn a_length_that_is_no_whole_block_is_refused() {
    assert_eq!(quantize_q8_0(&[0.0; 33]).unwrap_err().code(), "E_SHAPE");
    assert_eq!(dequantize(BlockType::Q8_0, &[0; 34], &mut [0.0; 31]).unwrap_err().code(), "E_SHAPE");
    assert_eq!(dequantize(BlockType::F32, &[0; 8], &mut [0.0; 1]).unwrap_err().code(), "E_SHAPE");
}
