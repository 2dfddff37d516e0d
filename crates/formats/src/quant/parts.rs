//! A block taken apart into small integers and the numbers that scale them: what all quantised types have in common.
//!
//! Layouts are ggml's (`ggml-quants.c`). Both the scalar reference and the kernels' own layouts are made from this.

use half::f16;

use crate::BlockType;
use crate::error::{FormatError, shown};

/// The values of IQ4_NL and IQ4_XS ("non-linear" four bits).
pub const IQ4_VALUES: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// What a quantised type's blocks have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantLayout {
    /// Bits of a quant, 2 to 8.
    pub bits: u32,
    /// Taken off every quant; for types with a table, off every looked-up value plus 128.
    pub offset: u8,
    /// Values that share a scale: 16 or 32.
    pub group: usize,
    /// Whether a block has a scale of its own for each group, beside `d`.
    pub scales: bool,
    /// Whether groups have a minimum.
    pub mins: bool,
    /// What a quant stands for, less 128, where it is no plain number.
    pub table: Option<&'static [i8; 16]>,
}

/// A block of up to 256 values: value i is `d · scales[i / group] · (quants[i] − offset) − dmin · mins[i / group]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Scale of the block.
    pub d: f32,
    /// Scale of the minima.
    pub dmin: f32,
    /// One a group; 1 where the type has none.
    pub scales: [i8; 16],
    /// One a group; 0 where the type has none, 1 where it has one for the whole block.
    pub mins: [u8; 16],
    /// Unsigned; the first `block_len` count.
    pub quants: [u8; 256],
}

impl Default for Parts {
    fn default() -> Self {
        Self { d: 0.0, dmin: 0.0, scales: [1; 16], mins: [0; 16], quants: [0; 256] }
    }
}

impl BlockType {
    /// How blocks of a quantised type are made; `None` for floats.
    pub const fn quant_layout(self) -> Option<QuantLayout> {
        const fn simple(bits: u32, offset: u8, mins: bool) -> QuantLayout {
            QuantLayout { bits, offset, group: 32, scales: false, mins, table: None }
        }
        const fn scaled(bits: u32, offset: u8, group: usize, mins: bool) -> QuantLayout {
            QuantLayout { bits, offset, group, scales: true, mins, table: None }
        }
        Some(match self {
            Self::F32 | Self::F16 | Self::BF16 => return None,
            Self::Q8_0 => simple(8, 128, false),
            Self::Q4_0 => simple(4, 8, false),
            Self::Q4_1 => simple(4, 0, true),
            Self::Q5_0 => simple(5, 16, false),
            Self::Q5_1 => simple(5, 0, true),
            Self::Q2_K => scaled(2, 0, 16, true),
            Self::Q3_K => scaled(3, 4, 16, false),
            Self::Q4_K => scaled(4, 0, 32, true),
            Self::Q5_K => scaled(5, 0, 32, true),
            Self::Q6_K => scaled(6, 32, 16, false),
            Self::IQ4_NL => QuantLayout { table: Some(&IQ4_VALUES), ..simple(4, 128, false) },
            Self::IQ4_XS => QuantLayout { table: Some(&IQ4_VALUES), ..scaled(4, 128, 32, false) },
        })
    }
}

/// Takes one block apart.
///
/// # Errors
/// `Shape` where `bytes` is no block of this type, `Unsupported` for floats.
pub fn take_apart(block: BlockType, bytes: &[u8], parts: &mut Parts) -> Result<(), FormatError> {
    match try_take_apart(block, bytes, parts) {
        Some(()) => Ok(()),
        None => {
            let found = shown(format!("{} bytes", bytes.len()));
            let expected = shown(format!("a quantised block of {} bytes", block.block_bytes()));
            Err(FormatError::Shape { what: shown(format!("{} data", block.name())), found, expected })
        }
    }
}

fn try_take_apart(block: BlockType, bytes: &[u8], p: &mut Parts) -> Option<()> {
    p.dmin = 0.0;
    let mut b = Cut(bytes);
    match block {
        BlockType::F32 | BlockType::F16 | BlockType::BF16 => return None,
        BlockType::Q8_0 => {
            p.d = b.f16()?;
            p.fill(b.take::<32>()?.iter().map(|q| q ^ 0x80));
        }
        BlockType::Q4_0 | BlockType::IQ4_NL => {
            p.d = b.f16()?;
            p.fill(nibbles(b.take::<16>()?));
        }
        BlockType::Q4_1 => {
            p.d = b.f16()?;
            p.minimum(b.f16()?);
            p.fill(nibbles(b.take::<16>()?));
        }
        BlockType::Q5_0 => {
            p.d = b.f16()?;
            let high = *b.take::<4>()?;
            p.fill(nibbles(b.take::<16>()?));
            p.add_bits(bits(u32::from_le_bytes(high)), 4);
        }
        BlockType::Q5_1 => {
            p.d = b.f16()?;
            p.minimum(b.f16()?);
            let high = *b.take::<4>()?;
            p.fill(nibbles(b.take::<16>()?));
            p.add_bits(bits(u32::from_le_bytes(high)), 4);
        }
        BlockType::Q2_K => {
            let pairs = b.take::<16>()?;
            p.scales = pairs.map(|s| (s & 15) as i8);
            p.mins = pairs.map(|s| s >> 4);
            p.fill(pairs_of_bits(b.take::<64>()?));
            (p.d, p.dmin) = (b.f16()?, b.f16()?);
        }
        BlockType::Q3_K => {
            let high = b.take::<32>()?;
            p.fill(pairs_of_bits(b.take::<64>()?));
            p.add_bits(bit_planes(high), 2);
            p.scales = q3_k_scales(b.take::<12>()?);
            p.d = b.f16()?;
        }
        BlockType::Q4_K => {
            (p.d, p.dmin) = (b.f16()?, b.f16()?);
            p.scales_and_mins(b.take::<12>()?);
            p.fill(b.take::<128>()?.as_chunks::<32>().0.iter().flat_map(nibbles));
        }
        BlockType::Q5_K => {
            (p.d, p.dmin) = (b.f16()?, b.f16()?);
            p.scales_and_mins(b.take::<12>()?);
            let high = b.take::<32>()?;
            p.fill(b.take::<128>()?.as_chunks::<32>().0.iter().flat_map(nibbles));
            p.add_bits(bit_planes(high), 4);
        }
        BlockType::Q6_K => {
            p.fill(b.take::<128>()?.as_chunks::<64>().0.iter().flat_map(nibbles));
            p.add_bits(pairs_of_bits(b.take::<64>()?), 4);
            p.scales = b.take::<16>()?.map(|s| s as i8);
            p.d = b.f16()?;
        }
        BlockType::IQ4_XS => {
            p.d = b.f16()?;
            let high = u16::from_le_bytes(*b.take::<2>()?);
            let low = b.take::<4>()?.iter().flat_map(|s| [s & 15, s >> 4]);
            for ((i, low), scale) in (0u32..).zip(low).zip(&mut p.scales) {
                let high = high.checked_shr(i.saturating_mul(2)).unwrap_or(0) & 3;
                *scale = ((low | ((high as u8) << 4)) as i8).wrapping_sub(32);
            }
            p.fill(b.take::<128>()?.as_chunks::<16>().0.iter().flat_map(nibbles));
        }
    }
    b.0.is_empty().then_some(())
}

/// What is left of a block's bytes.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    fn f16(&mut self) -> Option<f32> {
        Some(f16::from_le_bytes(*self.take()?).to_f32())
    }
}

impl Parts {
    fn fill(&mut self, quants: impl Iterator<Item = u8>) {
        for (to, q) in self.quants.iter_mut().zip(quants) {
            *to = q;
        }
    }

    /// Puts more bits above the lowest `shift`.
    fn add_bits(&mut self, bits: impl Iterator<Item = u8>, shift: u32) {
        for (to, bits) in self.quants.iter_mut().zip(bits) {
            *to |= bits.checked_shl(shift).unwrap_or(0);
        }
    }

    /// A minimum for the whole block that is added, not taken off.
    fn minimum(&mut self, m: f32) {
        self.dmin = -m;
        self.mins = [1; 16];
    }

    fn scales_and_mins(&mut self, packed: &[u8; 12]) {
        for (((s, m), scale), min) in q4_k_scales(packed).into_iter().zip(&mut self.scales).zip(&mut self.mins) {
            (*scale, *min) = (s as i8, m);
        }
    }
}

/// The low halves of all bytes, then the high ones.
fn nibbles<const N: usize>(bytes: &[u8; N]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|b| b & 15).chain(bytes.iter().map(|b| b >> 4))
}

/// The bits of a word, lowest first.
fn bits(word: u32) -> impl Iterator<Item = u8> {
    (0..32).map(move |i| (word.checked_shr(i).unwrap_or(0) & 1) as u8)
}

/// Of each 32 bytes: the lowest two bits of all of them, then the next two, up to the highest.
fn pairs_of_bits(bytes: &[u8; 64]) -> impl Iterator<Item = u8> {
    let pairs = |half: &[u8; 32], shift: u32| half.map(|b| b.checked_shr(shift).unwrap_or(0) & 3);
    bytes.as_chunks().0.iter().flat_map(move |half| [0, 2, 4, 6].into_iter().flat_map(move |s| pairs(half, s)))
}

/// The lowest bit of all bytes, then the next, up to the highest.
fn bit_planes(bytes: &[u8; 32]) -> impl Iterator<Item = u8> {
    (0..8).flat_map(move |i| bytes.iter().map(move |b| b.checked_shr(i).unwrap_or(0) & 1))
}

/// The eight (scale, minimum) pairs of a Q4_K or Q5_K block, 6 bits each, from their 12 bytes.
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

/// The sixteen scales of a Q3_K block, 6 bits less 32, from their 12 bytes: 16 low nibbles, then 16 upper pairs.
fn q3_k_scales(packed: &[u8; 12]) -> [i8; 16] {
    let (low, high) = packed.split_at(8);
    let low = low.iter().map(|s| s & 15).chain(low.iter().map(|s| s >> 4));
    let high = [0, 2, 4, 6].into_iter().flat_map(|shift| high.iter().map(move |s| (*s, shift)));
    let mut scales = [0; 16];
    for ((scale, low), (high, shift)) in scales.iter_mut().zip(low).zip(high) {
        let high = high.checked_shr(shift).unwrap_or(0) & 3;
        *scale = ((low | (high << 4)) as i8).wrapping_sub(32);
    }
    scales
}
