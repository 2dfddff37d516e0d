//! f32 to blocks.

use half::{bf16, f16};

use crate::error::{FormatError, shown};

/// Little-endian f32.
pub fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Little-endian f16, rounded to nearest even.
pub fn f16_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()
}

/// Little-endian bf16, rounded to nearest even.
pub fn bf16_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect()
}

/// Q8_0 blocks: `d = max|x| / 127`, `q = round(x / d)`.
///
/// # Errors
/// `Shape`, unless the length is a multiple of 32.
pub fn quantize_q8_0(values: &[f32]) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    for block in chunks(values)? {
        let max = block.iter().fold(0f32, |m, v| m.max(v.abs()));
        let d = max / 127.0;
        let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
        out.extend(f16::from_f32(d).to_le_bytes());
        out.extend(block.iter().map(|v| (v * inverse).round() as i8 as u8));
    }
    Ok(out)
}

/// Q4_0 blocks: `d = m / -8` where `m` is the value with the largest magnitude, `q = trunc(x / d + 8.5)` up to 15.
///
/// # Errors
/// `Shape`, unless the length is a multiple of 32.
pub fn quantize_q4_0(values: &[f32]) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    for block in chunks(values)? {
        let max = block.iter().fold(0f32, |m, v| if v.abs() > m.abs() { *v } else { m });
        let d = max / -8.0;
        let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
        out.extend(f16::from_f32(d).to_le_bytes());
        let quant = |v: &f32| ((v * inverse + 8.5) as u8).min(15);
        let (low, high) = block.split_at(16);
        out.extend(low.iter().zip(high).map(|(l, h)| quant(l) | (quant(h) << 4)));
    }
    Ok(out)
}

fn chunks(values: &[f32]) -> Result<&[[f32; 32]], FormatError> {
    let (blocks, rest) = values.as_chunks();
    if rest.is_empty() {
        return Ok(blocks);
    }
    let found = shown(format!("{} values", values.len()));
    Err(FormatError::Shape { what: shown("data to quantise"), found, expected: shown("a multiple of 32 values") })
}
