//! Blocks to f32.

use half::{bf16, f16};

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
        BlockType::F32 => blocks(bytes, out, |b: &[u8; 4], y: &mut [f32; 1]| *y = [f32::from_le_bytes(*b)]),
        BlockType::F16 => blocks(bytes, out, |b: &[u8; 2], y: &mut [f32; 1]| *y = [f16::from_le_bytes(*b).to_f32()]),
        BlockType::BF16 => blocks(bytes, out, |b: &[u8; 2], y: &mut [f32; 1]| *y = [bf16::from_le_bytes(*b).to_f32()]),
        BlockType::Q8_0 => blocks(bytes, out, q8_0),
        BlockType::Q4_0 => blocks(bytes, out, q4_0),
        BlockType::Q4_K => blocks(bytes, out, q4_k),
        BlockType::Q6_K => blocks(bytes, out, q6_k),
    }
    Ok(())
}

fn blocks<const B: usize, const N: usize>(bytes: &[u8], out: &mut [f32], one: impl Fn(&[u8; B], &mut [f32; N])) {
    for (b, y) in bytes.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        one(b, y);
    }
}

fn q8_0(block: &[u8; 34], y: &mut [f32; 32]) {
    let [d0, d1, quants @ ..] = block;
    let d = f16::from_le_bytes([*d0, *d1]).to_f32();
    for (y, q) in y.iter_mut().zip(quants) {
        *y = f32::from(*q as i8) * d;
    }
}

fn q4_0(block: &[u8; 18], y: &mut [f32; 32]) {
    let [d0, d1, quants @ ..] = block;
    let d = f16::from_le_bytes([*d0, *d1]).to_f32();
    let (low, high) = y.split_at_mut(16);
    for ((low, high), q) in low.iter_mut().zip(high).zip(quants) {
        *low = (f32::from(q & 15) - 8.0) * d;
        *high = (f32::from(q >> 4) - 8.0) * d;
    }
}

/// The eight (scale, minimum) pairs of a Q4_K block, 6 bits each, from their 12 bytes.
pub fn q4_k_scales(packed: &[u8; 12]) -> [(u8, u8); 8] {
    let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3] = *packed;
    let low = |a: u8, b: u8| (a & 63, b & 63);
    let high = |a: u8, b: u8, c: u8| ((c & 15) | ((a >> 6) << 4), (c >> 4) | ((b >> 6) << 4));
    [
        low(a0, b0),
        low(a1, b1),
        low(a2, b2),
        low(a3, b3),
        high(a0, b0, c0),
        high(a1, b1, c1),
        high(a2, b2, c2),
        high(a3, b3, c3),
    ]
}

fn q4_k(block: &[u8; 144], y: &mut [f32; 256]) {
    let [d0, d1, m0, m1, rest @ ..] = block;
    let (d, dmin) = (f16::from_le_bytes([*d0, *d1]).to_f32(), f16::from_le_bytes([*m0, *m1]).to_f32());
    let Some((packed, quants)) = rest.split_first_chunk::<12>() else { return };
    let scales = q4_k_scales(packed);
    // 64 values of each group of 32 bytes: the low nibbles, then the high ones
    for ((y, q), pair) in
        y.as_chunks_mut::<64>().0.iter_mut().zip(quants.as_chunks::<32>().0).zip(scales.as_chunks::<2>().0)
    {
        let [(scale_low, min_low), (scale_high, min_high)] = *pair;
        let (low, high) = y.split_at_mut(32);
        for ((low, high), q) in low.iter_mut().zip(high).zip(q) {
            *low = d * f32::from(scale_low) * f32::from(q & 15) - dmin * f32::from(min_low);
            *high = d * f32::from(scale_high) * f32::from(q >> 4) - dmin * f32::from(min_high);
        }
    }
}

fn q6_k(block: &[u8; 210], y: &mut [f32; 256]) {
    let (low, rest) = block.split_at(128);
    let (high, rest) = rest.split_at(64);
    let (scales, d) = rest.split_at(16);
    let d = d.first_chunk().map_or(0.0, |d| f16::from_le_bytes(*d).to_f32());
    // Halves of 128 values: 64 bytes of low nibbles, 32 bytes of upper bit pairs, 8 scales
    let halves = low.as_chunks::<64>().0.iter().zip(high.as_chunks::<32>().0).zip(scales.as_chunks::<8>().0);
    for (y, ((low, high), scales)) in y.as_chunks_mut::<128>().0.iter_mut().zip(halves) {
        let (low_a, low_b) = low.split_at(32);
        let [s0, s1, s2, s3, s4, s5, s6, s7] = scales.map(|s| d * f32::from(s as i8));
        let quarters: [(&[u8], u32, u32, [f32; 2]); 4] =
            [(low_a, 0, 0, [s0, s1]), (low_b, 0, 2, [s2, s3]), (low_a, 4, 4, [s4, s5]), (low_b, 4, 6, [s6, s7])];
        for (y, (low, low_shift, high_shift, [first, second])) in y.as_chunks_mut::<32>().0.iter_mut().zip(quarters) {
            let scale = std::iter::repeat_n(first, 16).chain(std::iter::repeat_n(second, 16));
            for (((y, l), h), s) in y.iter_mut().zip(low).zip(high).zip(scale) {
                let l = l.checked_shr(low_shift).unwrap_or(0) & 15;
                let h = h.checked_shr(high_shift).unwrap_or(0) & 3;
                *y = s * (f32::from(l | (h << 4)) - 32.0);
            }
        }
    }
}
