//! The layout of weights on the GPU: a block type's quants, 32 of them in as many words as they have bits, and behind them
//! its scales.
//!
//! Every quantised type comes apart into the same parts (`kinora_formats::quant::take_apart`), so a type here is a row
//! that names how its quants and its scales are read. Kernels that read weights name their binding `w`, have `k` (row
//! length) and `w_scales` in their `Params`, and call `dequant8(row, j)`.

use half::f16;
use kinora_formats::quant::{Parts, QuantLayout, take_apart};
use kinora_formats::{BlockType, TensorView};

use crate::{DType, Result, Tensor, TensorError};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../quant/wgsl/", $name, ".wgsl"))
    };
}

/// A quantised type: what is taken off its quants or which table reads them, the bits, the scales.
macro_rules! quants {
    ($bits:literal, $scales:literal, table) => {
        concat!(file!("value_table"), file!($bits), file!($scales), file!("dequant8"))
    };
    ($bits:literal, $scales:literal, $offset:literal) => {
        concat!(
            "const OFFSET = ",
            $offset,
            ";\n",
            file!("value_number"),
            file!($bits),
            file!($scales),
            file!("dequant8")
        )
    };
}

/// The snippet that reads a type.
pub(crate) fn wgsl(block: BlockType) -> &'static str {
    match block {
        BlockType::F32 => file!("f32"),
        BlockType::F16 => file!("f16"),
        BlockType::BF16 => file!("bf16"),
        BlockType::Q8_0 => quants!("bits8", "scale_32", "128.0"),
        BlockType::Q4_0 => quants!("bits4", "scale_32", "8.0"),
        BlockType::Q4_1 => quants!("bits4", "scale_min_32", "0.0"),
        BlockType::Q5_0 => quants!("bits5", "scale_32", "16.0"),
        BlockType::Q5_1 => quants!("bits5", "scale_min_32", "0.0"),
        BlockType::Q2_K => quants!("bits2", "scales_mins_16", "0.0"),
        BlockType::Q3_K => quants!("bits3", "scales_16", "4.0"),
        BlockType::Q4_K => quants!("bits4", "scales_mins_32", "0.0"),
        BlockType::Q5_K => quants!("bits5", "scales_mins_32", "0.0"),
        BlockType::Q6_K => quants!("bits6", "scales_16", "32.0"),
        BlockType::IQ4_NL => quants!("bits4", "scale_32", table),
        BlockType::IQ4_XS => quants!("bits4", "scales_32", table),
    }
}

/// Word at which the scales of a matrix of `len` weights begin: `Params::w_scales`.
pub(crate) fn scales_at(block: BlockType, len: usize) -> usize {
    block.quant_layout().map_or(0, |layout| len / 32 * layout.bits as usize)
}

/// Words that `rows` rows of `cols` weights take.
pub(crate) fn words(block: BlockType, rows: usize, cols: usize) -> usize {
    let len = rows * cols;
    match (block, block.quant_layout()) {
        (BlockType::F32, _) => len,
        (_, None) => rows * cols.next_multiple_of(8) / 2,
        (_, Some(layout)) => scales_at(block, len) + scale_words(&layout, len / block.block_len()),
    }
}

fn scale_words(layout: &QuantLayout, blocks: usize) -> usize {
    match (layout.scales, layout.mins, layout.group) {
        (false, false, _) => blocks.div_ceil(2),
        (false, true, _) => blocks,
        (true, false, 32) => 3 * blocks,
        (true, _, _) => 5 * blocks,
    }
}

/// Quants and scales of some rows, as words.
#[derive(Default)]
pub(crate) struct Planes {
    pub quants: Vec<u32>,
    pub scales: Vec<u32>,
}

/// The planes of whole rows. Where two blocks share a word of scales, the rows before hold an even number of blocks.
pub(crate) fn pack(view: &TensorView<'_>) -> Result<Planes> {
    let cols = view.shape.last().copied().unwrap_or(1);
    let mut planes = Planes::default();
    let bytes = view.bytes()?;
    let word = |&b: &[u8; 4]| u32::from_le_bytes(b);
    let Some(layout) = view.block.quant_layout() else {
        if view.block == BlockType::F32 {
            planes.quants = bytes.as_chunks::<4>().0.iter().map(word).collect();
            return Ok(planes);
        }
        for row in bytes.chunks(2 * cols.max(1)) {
            let mut row = row.to_vec();
            row.resize(row.len().next_multiple_of(16), 0);
            planes.quants.extend(row.as_chunks::<4>().0.iter().map(word));
        }
        return Ok(planes);
    };
    planes.quants.reserve(scales_at(view.block, view.len()));
    let mut parts = Parts::default();
    for (i, bytes) in bytes.chunks(view.block.block_bytes()).enumerate() {
        take_apart(view.block, bytes, &mut parts).map_err(|e| TensorError::unsupported(e.to_string()))?;
        planes.push_scales(&layout, &parts, i);
        for quants in parts.quants[..view.block.block_len()].as_chunks::<32>().0 {
            planes.push_quants(layout.bits, quants);
        }
    }
    Ok(planes)
}

impl Planes {
    fn push_quants(&mut self, bits: u32, quants: &[u8; 32]) {
        match bits {
            2 => self.push_pairs(quants, 0),
            3 => {
                self.push_pairs(quants, 0);
                self.quants.push((0..32).map(|i| u32::from(quants[i] >> 2 & 1) << i).sum());
            }
            4 => self.push_nibbles(quants),
            5 => {
                self.push_nibbles(quants);
                self.quants.push((0..32).map(|i| u32::from(quants[i] >> 4 & 1) << i).sum());
            }
            6 => {
                self.push_nibbles(quants);
                self.push_pairs(quants, 4);
            }
            _ => self.quants.extend(quants.as_chunks::<4>().0.iter().map(|&q| u32::from_le_bytes(q))),
        }
    }

    /// Eight nibbles a word: the low ones of its bytes are the first four weights, the high ones the next four.
    fn push_nibbles(&mut self, quants: &[u8; 32]) {
        for q in quants.as_chunks::<8>().0 {
            let byte = |i: usize| u32::from(q[i] & 15 | q[4 + i] << 4);
            self.quants.push((0..4).map(|i| byte(i) << (8 * i)).sum());
        }
    }

    /// Sixteen pairs of bits a word, from bit `shift` of each quant.
    fn push_pairs(&mut self, quants: &[u8; 32], shift: u32) {
        for q in quants.as_chunks::<16>().0 {
            self.quants.push((0..16).map(|i| u32::from(q[i] >> shift & 3) << (2 * i)).sum());
        }
    }

    fn push_scales(&mut self, layout: &QuantLayout, p: &Parts, block: usize) {
        let half = |v: f32| u32::from(f16::from_f32(v).to_bits());
        let both = half(p.d) | half(p.dmin) << 16;
        let bytes = |n: usize, byte: fn(&Parts, usize) -> u8| {
            (0..n / 4).map(move |word| (0..4).map(|i| u32::from(byte(p, 4 * word + i)) << (8 * i)).sum::<u32>())
        };
        match (layout.scales, layout.mins, layout.group) {
            (false, false, _) => match self.scales.last_mut() {
                Some(word) if block % 2 == 1 => *word |= half(p.d) << 16,
                _ => self.scales.push(half(p.d)),
            },
            (false, true, _) => self.scales.push(both),
            (true, false, group) => {
                self.scales.extend(bytes(256 / group, |p, i| p.scales[i] as u8));
                self.scales.push(half(p.d));
            }
            (true, true, 16) => {
                self.scales.push(both);
                self.scales.extend(bytes(16, |p, i| p.scales[i] as u8 & 15 | p.mins[i] << 4));
            }
            (true, true, _) => {
                self.scales.push(both);
                self.scales.extend(bytes(16, |p, i| if i % 2 == 0 { p.scales[i / 2] as u8 } else { p.mins[i / 2] }));
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_as_long_as_said() {
        for block in BlockType::ALL {
            for rows in [1, 2, 3] {
                let cols = if block.block_len() == 1 { 13 } else { 256 };
                let bytes = vec![0x11; block.bytes_for(rows * cols).unwrap()];
                let planes = pack(&TensorView::new(vec![rows, cols], block, &bytes)).unwrap();
                if block.quant_layout().is_some() {
                    assert_eq!(planes.quants.len(), scales_at(block, rows * cols), "{block:?}");
                }
                assert_eq!(planes.quants.len() + planes.scales.len(), words(block, rows, cols), "{block:?} {rows}");
            }
        }
    }

    #[test]
    fn the_table_in_the_shader_is_the_formats() {
        for bytes in kinora_formats::quant::IQ4_VALUES.as_chunks::<4>().0 {
            let word = format!("vec4u({:#x}u)", u32::from_le_bytes(bytes.map(|v| v as u8)));
            assert!(file!("value_table").contains(&word), "{word}");
        }
    }
}
