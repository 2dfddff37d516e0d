//! Activations rounded to 8 bits, in the order in which the integer kernel reads them.

use kinora_formats::quant::QuantLayout;

use super::cells::CELL;
use crate::cpu::{CpuBuf, SendPtr};
use crate::simd::{Kernel, Simd};
use crate::{CpuDevice, Result};

/// Rows of a tile at most.
pub(super) const TILE: usize = 8;
/// Multiply-adds that are worth a task.
const MIN_WORK: usize = 1 << 14;

/// Bits of a weight as it is multiplied; what a table gives has eight.
pub(super) const fn width(bits: usize, table: bool) -> usize {
    match bits {
        _ if table => 8,
        0..=4 => 4,
        5..=7 => 7,
        _ => 8,
    }
}

/// How many of `left` rows the next tile takes: a size that has a kernel.
pub(super) fn tile_rows(left: usize) -> usize {
    [TILE, 4].into_iter().find(|&size| size <= left).unwrap_or(1)
}

/// Rows [m, k], tile after tile; within one of M rows everything is `[..][M]`.
///
/// Quants are bytes, or numbers of 16 bits where the instruction set wants them for these weights. Per 32 columns a scale:
/// `x ≈ scale · quant`, |quant| ≤ 127. Per group of columns with one weight scale: `start`, what the integer sum begins with to
/// take the weights' offset off, and `sum`, the sum of the values, for weights with minima.
pub(crate) struct Rounded {
    pub m: usize,
    pub k: usize,
    /// Bytes of four columns.
    pub unit: usize,
    group: usize,
    buffer: CpuBuf,
    sums: bool,
}

/// One tile; pointers to its first values.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub quants: *const u8,
    pub scales: *const f32,
    pub start: *const i32,
    pub sums: *const f32,
}

/// Where the four arrays begin, in 4-byte elements, and how many there are.
fn parts(m: usize, k: usize, unit: usize, group: usize, sums: bool) -> [usize; 5] {
    let scales = m * k * unit / 16;
    let start = scales + m * k / CELL;
    let sum = start + m * k / group;
    [0, scales, start, sum, sum + if sums { m * k / group } else { 0 }]
}

impl Rounded {
    /// Rounds x [m, k] for weights of this layout; `k` is a multiple of 32.
    pub fn new(d: &CpuDevice, x: &[f32], m: usize, k: usize, layout: &QuantLayout) -> Result<Rounded> {
        let (group, sums) = (layout.group, layout.mins);
        let unit = if width(layout.bits as usize, layout.table.is_some()) < d.isa().wide() { 4 } else { 8 };
        let [_, scales, start, sum, len] = parts(m, k, unit, group, sums);
        let mut buffer = d.buffer(len)?;
        let (out, isa) = (SendPtr::new(buffer.f32_mut()), d.isa());
        let tiles = m.div_ceil(TILE);
        let grain = d.pool().grain(tiles, TILE * k, MIN_WORK);
        d.pool().run(tiles.div_ceil(grain), |task| {
            let (mut row, end) = (task * grain * TILE, ((task + 1) * grain * TILE).min(m));
            while row < end {
                let rows = tile_rows(end - row);
                // SAFETY: each tile writes its own part of each array.
                let part = |first: usize, step: usize| unsafe { out.slice(first + row * k / step, rows * k / step) };
                // SAFETY: as above.
                let quants = unsafe { out.slice(row * k * unit / 16, rows * k * unit / 16) };
                isa.run(Round {
                    x: &x[row * k..][..rows * k],
                    rows,
                    offset: i32::from(layout.offset),
                    group,
                    unit,
                    quants: bytemuck::cast_slice_mut(quants),
                    scales: part(scales, CELL),
                    start: bytemuck::cast_slice_mut(part(start, group)),
                    sums: if sums { part(sum, group) } else { &mut [] },
                });
                row += rows;
            }
        });
        Ok(Rounded { m, k, unit, group, buffer, sums })
    }

    /// The tile that begins with row `row`.
    pub(super) fn tile(&self, row: usize) -> Tile {
        assert!(row < self.m);
        let [quants, scales, start, sums, _] = parts(self.m, self.k, self.unit, self.group, self.sums);
        let at = |first: usize, step: usize| self.buffer.f32()[first + row * self.k / step..].as_ptr();
        Tile {
            quants: self.buffer.f32()[quants + row * self.k * self.unit / 16..].as_ptr().cast(),
            scales: at(scales, CELL),
            start: at(start, self.group).cast(),
            sums: if self.sums { at(sums, self.group) } else { std::ptr::null() },
        }
    }
}

struct Round<'a> {
    x: &'a [f32],
    rows: usize,
    offset: i32,
    unit: usize,
    group: usize,
    quants: &'a mut [u8],
    scales: &'a mut [f32],
    start: &'a mut [i32],
    sums: &'a mut [f32],
}

impl Kernel for Round<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let (rows, k) = (self.rows, self.x.len() / self.rows);
        for (r, x) in self.x.chunks_exact(k).enumerate() {
            for (c, x) in x.as_chunks::<CELL>().0.iter().enumerate() {
                let top = x.iter().fold(0.0f32, |top, v| if v.abs() > top { v.abs() } else { top });
                let inverse = if top > 0.0 { 127.0 / top } else { 0.0 };
                // NaN where any value is NaN or infinite, and so is all that is made from it
                let scale = top / 127.0 + x.iter().fold(0.0, |sum, v| sum + v * 0.0);
                self.scales[c * rows + r] = scale;
                // adding 1.5 · 2²³ rounds to the nearest integer and leaves it in the low bits
                let q = x.map(|x| ((x * inverse + 12_582_912.0).to_bits() as i32 - 0x4b40_0000) as i8);
                for (u, unit) in q.as_chunks::<4>().0.iter().enumerate() {
                    let at = ((c * CELL / 4 + u) * rows + r) * self.unit;
                    if self.unit == 4 {
                        self.quants[at..at + 4].copy_from_slice(bytemuck::bytes_of(unit));
                    } else {
                        self.quants[at..at + 8].copy_from_slice(bytemuck::bytes_of(&unit.map(i16::from)));
                    }
                }
                for (g, group) in q.chunks_exact(self.group).enumerate() {
                    let sum: i32 = group.iter().map(|&q| i32::from(q)).sum();
                    let at = (c * (CELL / self.group) + g) * rows + r;
                    self.start[at] = -self.offset * sum;
                    if let Some(to) = self.sums.get_mut(at) {
                        *to = scale * sum as f32;
                    }
                }
            }
        }
    }
}
