//! How quantised matrices lie in memory: as many rows as a vector has lanes, side by side, so that a kernel reads one
//! stream and each lane sums its own row.
//!
//! A *cell* is 32 columns of such a group of rows. Its quants come in units of four columns, `[lane][4]` bytes, as bit
//! planes: with eight bits eight units; with four, four units whose low nibbles are the first half of the columns; two bits
//! more (or only two) are two units of pairs, one bit more is one unit with a bit for each four columns. Scales follow: for simple types
//! f32 `d` a lane and, where there is one, f32 minimum a lane. K types have `d` (and `dmin`) in front of each eight cells, and
//! signed bytes of scales (and bytes of minima) a lane for each group of 16 or 32 columns.

use bytemuck::{Pod, Zeroable};
use kinora_formats::quant::{Parts, QuantLayout, take_apart};
use kinora_formats::{BlockType, TensorView};

use super::{PIECE, no_memory, read_rows};
use crate::{CpuDevice, Result, TensorError};

/// Columns of a cell.
pub(super) const CELL: usize = 32;
/// Columns of a unit.
const UNIT: usize = 4;
/// Units of a cell.
pub(super) const UNITS: usize = CELL / UNIT;
/// Cells that share `d` in K types.
pub(super) const SUPER: usize = 8;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A quantised matrix.
pub(crate) struct Cells {
    shape: Shape,
    rows: usize,
    lines: Vec<Line>,
}

/// Where things are in a group of rows.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub block: BlockType,
    pub layout: QuantLayout,
    /// Rows of a group.
    pub lanes: usize,
    /// Cells of a row.
    pub cells: usize,
}

impl Shape {
    fn new(block: BlockType, lanes: usize, cols: usize) -> Option<Self> {
        Some(Self { block, layout: block.quant_layout()?, lanes, cells: cols / CELL })
    }

    /// Bytes of the quants of a cell.
    fn quants(&self) -> usize {
        self.lanes * CELL * self.layout.bits as usize / 8
    }

    /// Groups of columns of a cell that have a scale each.
    fn groups(&self) -> usize {
        CELL / self.layout.group
    }

    /// Bytes in front of each [`SUPER`] cells.
    fn head(&self) -> usize {
        if self.layout.scales { 4 * self.lanes * (1 + usize::from(self.layout.mins)) } else { 0 }
    }

    /// Bytes of a cell.
    fn cell(&self) -> usize {
        let numbers = 1 + usize::from(self.layout.mins);
        self.quants() + self.lanes * numbers * if self.layout.scales { self.groups() } else { 4 }
    }

    /// Bytes of a group of rows.
    pub fn group(&self) -> usize {
        self.cells * self.cell() + self.cells.div_ceil(SUPER) * self.head()
    }

    /// Where cell `c` begins in its group of rows.
    fn at(&self, c: usize) -> usize {
        c * self.cell() + (c / SUPER + 1) * self.head()
    }
}

impl Cells {
    /// The rows of `parts`, one below the other, read a few megabytes at a time.
    ///
    /// # Errors
    /// `OutOfMemory`, `Format` where the file cannot be read.
    pub fn from_file(d: &CpuDevice, parts: &[TensorView<'_>]) -> Result<Cells> {
        let bad = || TensorError::unsupported("a weight that is no matrix of whole blocks");
        let first = parts.first().ok_or_else(bad)?;
        let cols = first.shape.last().copied().unwrap_or(1);
        let rows = parts.iter().map(|part| part.len() / cols.max(1)).sum();
        let shape = Shape::new(first.block, d.isa().lanes(), cols).ok_or_else(bad)?;
        let mut cells = Cells::empty(shape, rows)?;
        let row_bytes = first.block.bytes_for(cols).filter(|n| *n > 0).ok_or_else(bad)?;
        let (lines, lanes) = (shape.lines(), shape.lanes);
        let groups = (PIECE / (row_bytes * lanes)).max(1);
        let mut start = 0;
        for piece in cells.lines.chunks_mut(groups * lines) {
            let count = (piece.len() / lines * lanes).min(rows - start);
            let bytes = read_rows(parts, row_bytes, start, count)?;
            d.pool().chunks(piece, lines, |group, out| {
                let out: &mut [u8] = bytemuck::cast_slice_mut(out);
                let rows = bytes.chunks_exact(row_bytes).skip(group * lanes).take(lanes);
                rows.enumerate().for_each(|(lane, row)| shape.put_row(lane, row, out));
            });
            start += count;
        }
        Ok(cells)
    }

    fn empty(shape: Shape, rows: usize) -> Result<Cells> {
        let len = rows.div_ceil(shape.lanes) * shape.lines();
        let mut lines = Vec::new();
        lines.try_reserve_exact(len).map_err(|_| no_memory(len * size_of::<Line>()))?;
        lines.resize(len, Line::zeroed());
        Ok(Cells { shape, rows, lines })
    }

    pub fn block(&self) -> BlockType {
        self.shape.block
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The bytes of a group of rows.
    pub(super) fn group(&self, i: usize) -> &[u8] {
        let lines = self.shape.lines();
        &bytemuck::cast_slice(&self.lines[i * lines..][..lines])[..self.shape.group()]
    }

    /// A copy of `len` rows from `start` on.
    pub fn rows(&self, start: usize, len: usize) -> Cells {
        let shape = self.shape;
        let lines = shape.lines();
        let mut to = Cells { shape, rows: len, lines: vec![Line::zeroed(); len.div_ceil(shape.lanes) * lines] };
        for row in 0..len.min(self.rows.saturating_sub(start)) {
            let (from, lane) = ((start + row) / shape.lanes, (start + row) % shape.lanes);
            let target = bytemuck::cast_slice_mut(&mut to.lines[row / shape.lanes * lines..][..lines]);
            shape.copy_lane(self.group(from), lane, target, row % shape.lanes);
        }
        to
    }

    /// The values of row `row` from column `start` on; whole blocks.
    pub fn widen(&self, row: usize, start: usize, out: &mut [f32]) {
        let shape = self.shape;
        let (group, lane) = (self.group(row / shape.lanes), row % shape.lanes);
        for (c, out) in out.chunks_mut(CELL).enumerate() {
            shape.widen_cell(group, lane, start / CELL + c, out);
        }
    }
}

impl Shape {
    /// Lines of a group of rows.
    fn lines(&self) -> usize {
        self.group().div_ceil(size_of::<Line>())
    }

    /// Writes one row from its blocks in the file.
    fn put_row(&self, lane: usize, row: &[u8], out: &mut [u8]) {
        match self.block {
            BlockType::Q8_0 => return self.put_simple_row::<34, 8>(lane, row, 0x8080_8080, out),
            // a byte of the file holds what a byte of a unit does
            BlockType::Q4_0 => return self.put_simple_row::<18, 4>(lane, row, 0, out),
            _ => {}
        }
        let mut parts = Parts::default();
        let cells = self.block.block_len() / CELL;
        for (b, bytes) in row.chunks_exact(self.block.block_bytes()).enumerate() {
            if take_apart(self.block, bytes, &mut parts).is_err() {
                continue; // never: whole blocks of a quantised type; zeros are better than a panic
            }
            for c in 0..cells {
                self.put_cell(lane, b * cells + c, &parts, c, out);
            }
        }
    }

    /// As [`Shape::put_row`] for the two commonest types, whose bytes need no taking apart: an f16 scale, then the units.
    fn put_simple_row<const BYTES: usize, const UNITS: usize>(
        &self,
        lane: usize,
        row: &[u8],
        flip: u32,
        out: &mut [u8],
    ) {
        let (cell, unit) = (self.cell(), UNIT * self.lanes);
        for (block, out) in row.as_chunks::<BYTES>().0.iter().zip(out.chunks_exact_mut(cell)) {
            let d = half::f16::from_le_bytes([block[0], block[1]]).to_f32();
            for u in 0..UNITS {
                let bytes = [block[2 + 4 * u], block[3 + 4 * u], block[4 + 4 * u], block[5 + 4 * u]];
                let value = (u32::from_le_bytes(bytes) ^ flip).to_le_bytes();
                out[u * unit + lane * UNIT..][..UNIT].copy_from_slice(&value);
            }
            out[UNITS * unit + 4 * lane..][..4].copy_from_slice(&d.to_le_bytes());
        }
    }

    /// Writes cell `c` of a row, the `part`-th of its block.
    #[inline]
    fn put_cell(&self, lane: usize, c: usize, parts: &Parts, part: usize, out: &mut [u8]) {
        let at = self.at(c);
        let unit_bytes = UNIT * self.lanes;
        let quants = parts.quants[part * CELL..][..CELL].as_chunks::<UNIT>().0;
        let units = pack(self.layout.bits, std::array::from_fn(|u| u32::from_le_bytes(quants[u])));
        for (to, unit) in out[at..at + self.quants()].chunks_exact_mut(unit_bytes).zip(units) {
            to[lane * UNIT..][..UNIT].copy_from_slice(&unit.to_le_bytes());
        }
        let mut put_f32 = |at: usize, x: f32| out[at + 4 * lane..][..4].copy_from_slice(&x.to_le_bytes());
        let numbers = at + self.quants();
        if !self.layout.scales {
            put_f32(numbers, parts.d);
            if self.layout.mins {
                put_f32(numbers + 4 * self.lanes, parts.dmin);
            }
            return;
        }
        if c.is_multiple_of(SUPER) {
            put_f32(at - self.head(), parts.d);
            if self.layout.mins {
                put_f32(at - self.head() + 4 * self.lanes, parts.dmin);
            }
        }
        let groups = self.groups();
        for g in 0..groups {
            out[numbers + g * self.lanes + lane] = parts.scales[part * groups + g] as u8;
            if self.layout.mins {
                out[numbers + (groups + g) * self.lanes + lane] = parts.mins[part * groups + g];
            }
        }
    }

    /// Copies one row between groups of rows of this shape.
    fn copy_lane(&self, from: &[u8], lane: usize, to: &mut [u8], target: usize) {
        let mut copy = |at: usize, size: usize| {
            let value = &from[at + lane * size..][..size];
            to[at + target * size..][..size].copy_from_slice(value);
        };
        for c in 0..self.cells {
            let at = self.at(c);
            let numbers = at + self.quants();
            (at..numbers).step_by(UNIT * self.lanes).for_each(|at| copy(at, UNIT));
            let size = if self.layout.scales { 1 } else { 4 };
            (numbers..at + self.cell()).step_by(size * self.lanes).for_each(|at| copy(at, size));
            if c.is_multiple_of(SUPER) {
                (at - self.head()..at).step_by(4 * self.lanes).for_each(|at| copy(at, 4));
            }
        }
    }

    /// The first values of cell `c` of a row.
    fn widen_cell(&self, group: &[u8], lane: usize, c: usize, out: &mut [f32]) {
        let (at, unit_bytes) = (self.at(c), UNIT * self.lanes);
        let f32_at = |at: usize| f32::from_le_bytes(group[at + 4 * lane..][..4].try_into().unwrap_or_default());
        let numbers = at + self.quants();
        let mut units = [0; UNITS];
        for (unit, from) in units.iter_mut().zip(group[at..numbers].chunks_exact(unit_bytes)) {
            *unit = u32::from_le_bytes(from[lane * UNIT..][..UNIT].try_into().unwrap_or_default());
        }
        let units = unpack(self.layout.bits, units);
        for (unit, out) in out.chunks_mut(UNIT).enumerate() {
            let g = unit * UNIT / self.layout.group;
            let groups = self.groups();
            let (scale, min) = if self.layout.scales {
                let head = at - c % SUPER * self.cell() - self.head();
                let scale = f32::from(group[numbers + g * self.lanes + lane] as i8) * f32_at(head);
                let min = |at: usize| f32::from(group[at + lane]) * f32_at(head + 4 * self.lanes);
                (scale, if self.layout.mins { min(numbers + (groups + g) * self.lanes) } else { 0.0 })
            } else {
                (f32_at(numbers), if self.layout.mins { f32_at(numbers + 4 * self.lanes) } else { 0.0 })
            };
            for (out, q) in out.iter_mut().zip(units[unit].to_le_bytes()) {
                let value = match self.layout.table {
                    Some(table) => f32::from(table[usize::from(q & 15)]),
                    None => f32::from(q) - f32::from(self.layout.offset),
                };
                *out = scale * value - min;
            }
        }
    }
}

/// Bits `from..from + bits` of each byte.
fn bits(quants: u32, from: u32, bits: u32) -> u32 {
    quants >> from & u32::from_ne_bytes([((1u32 << bits) - 1) as u8; 4])
}

/// The units that hold a cell's quants of `width` bits, of one row; the rest stays 0.
fn pack(width: u32, quants: [u32; UNITS]) -> [u32; UNITS] {
    let mut out = [0; UNITS];
    let nibbles =
        |out: &mut [u32; UNITS]| (0..4).for_each(|u| out[u] = bits(quants[u], 0, 4) | bits(quants[u + 4], 0, 4) << 4);
    // bits from..from + n of so many units in a row, in the bytes of one
    let beside = |first: usize, from: u32, n: u32| {
        (0..8 / n).map(|i| bits(quants[first + i as usize], from, n) << (i * n)).fold(0, |all, one| all | one)
    };
    match width {
        8 => out = quants,
        4 => nibbles(&mut out),
        5 => {
            nibbles(&mut out);
            out[4] = beside(0, 4, 1);
        }
        6 => {
            nibbles(&mut out);
            (out[4], out[5]) = (beside(0, 4, 2), beside(4, 4, 2));
        }
        3 => out[..3].copy_from_slice(&[beside(0, 0, 2), beside(4, 0, 2), beside(0, 2, 1)]),
        _ => out[..2].copy_from_slice(&[beside(0, 0, 2), beside(4, 0, 2)]),
    }
    out
}

/// What [`pack`] packed.
fn unpack(width: u32, units: [u32; UNITS]) -> [u32; UNITS] {
    let nibble = |u: usize| bits(units[u % 4], u as u32 / 4 * 4, 4);
    let pair = |first: usize, u: usize| bits(units[first + u / 4], u as u32 % 4 * 2, 2);
    let bit = |unit: usize, u: usize| bits(units[unit], u as u32, 1);
    std::array::from_fn(|u| match width {
        8 => units[u],
        4 => nibble(u),
        5 => nibble(u) | bit(4, u) << 4,
        6 => nibble(u) | pair(4, u) << 4,
        3 => pair(0, u) | bit(2, u) << 2,
        _ => pair(0, u),
    })
}
