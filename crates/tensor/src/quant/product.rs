//! Rounded activations times quantised weights, in integers.

use kinora_formats::BlockType;

use super::cells::{CELL, Cells, SUPER, UNITS};
use super::rounded::{Rounded, TILE, Tile, tile_rows, width};
use crate::CpuDevice;
use crate::cpu::SendPtr;
use crate::simd::{Dot, DotKernel, Simd};

/// Rows of activations of a task: they stay in the first cache while weights pass.
const BLOCK_ROWS: usize = 4 * TILE;
/// Multiply-adds that are worth a task.
const MIN_WORK: usize = 1 << 17;

/// `y = x · wᵀ + bias`: x [m, k], w [n, k], y [m, n].
pub(crate) struct Product<'a> {
    pub x: &'a Rounded,
    pub w: &'a Cells,
    pub n: usize,
    pub bias: Option<&'a [f32]>,
}

impl Product<'_> {
    /// Computes `y` over all threads. A row of y does not depend on the others, to the last bit.
    pub fn run(&self, d: &CpuDevice, y: &mut [f32]) {
        let (m, k, lanes) = (self.x.m, self.x.k, self.w.shape().lanes);
        assert!(y.len() >= m * self.n && self.w.shape().cells * CELL == k && d.isa().lanes() == lanes);
        let (blocks, groups) = (m.div_ceil(BLOCK_ROWS), self.n.div_ceil(lanes));
        let grain = d.pool().grain(groups, m.min(BLOCK_ROWS) * k * lanes, MIN_WORK);
        let parts = groups.div_ceil(grain);
        let y = SendPtr::new(y);
        d.pool().run(blocks * parts, |task| {
            let (block, part) = (task / parts, task % parts);
            d.isa().run_dot(Task {
                product: self,
                rows: block * BLOCK_ROWS..((block + 1) * BLOCK_ROWS).min(m),
                groups: part * grain..((part + 1) * grain).min(groups),
                y: &y,
            });
        });
    }
}

struct Task<'a> {
    product: &'a Product<'a>,
    rows: std::ops::Range<usize>,
    groups: std::ops::Range<usize>,
    y: &'a SendPtr<'a, f32>,
}

/// What a block type's kernel needs to know at compile time.
trait Kind {
    const BITS: usize;
    /// Groups of a cell's columns with a scale each.
    const GROUPS: usize = 1;
    const MINS: bool = false;
    /// Whether eight cells share `d`, and scales are bytes.
    const SUPER: bool = false;
    const TABLE: Option<[u8; 16]> = None;
    /// Bits of a weight as it is multiplied; those of 8 are 128 above its value.
    const WIDTH: usize = width(Self::BITS, Self::TABLE.is_some());
}

macro_rules! kinds {
    ($($name:ident { $($item:ident : $ty:ty = $value:expr),* })*) => {
        $(struct $name; impl Kind for $name { $(const $item: $ty = $value;)* })*
    };
}

kinds! {
    Eight { BITS: usize = 8 }
    Four { BITS: usize = 4 }
    FourMin { BITS: usize = 4, MINS: bool = true }
    FourTable { BITS: usize = 4, TABLE: Option<[u8; 16]> = Some(IQ4) }
    Five { BITS: usize = 5 }
    FiveMin { BITS: usize = 5, MINS: bool = true }
    SuperTwo { BITS: usize = 2, GROUPS: usize = 2, MINS: bool = true, SUPER: bool = true }
    SuperThree { BITS: usize = 3, GROUPS: usize = 2, SUPER: bool = true }
    SuperFour { BITS: usize = 4, MINS: bool = true, SUPER: bool = true }
    SuperFive { BITS: usize = 5, MINS: bool = true, SUPER: bool = true }
    SuperSix { BITS: usize = 6, GROUPS: usize = 2, SUPER: bool = true }
    SuperTable { BITS: usize = 4, SUPER: bool = true, TABLE: Option<[u8; 16]> = Some(IQ4) }
}

/// The table of the non-linear types, plus 128.
const IQ4: [u8; 16] = {
    let (mut table, mut i) = ([0; 16], 0);
    while i < 16 {
        table[i] = (kinora_formats::quant::IQ4_VALUES[i] as u8) ^ 0x80;
        i += 1;
    }
    table
};

impl DotKernel for Task<'_> {
    type Out = ();

    #[inline(always)]
    fn run<D: Dot>(self, d: D) {
        match self.product.w.block() {
            BlockType::Q8_0 => self.of::<D, Eight>(d),
            BlockType::Q4_0 => self.of::<D, Four>(d),
            BlockType::Q4_1 => self.of::<D, FourMin>(d),
            BlockType::Q5_0 => self.of::<D, Five>(d),
            BlockType::Q5_1 => self.of::<D, FiveMin>(d),
            BlockType::Q2_K => self.of::<D, SuperTwo>(d),
            BlockType::Q3_K => self.of::<D, SuperThree>(d),
            BlockType::Q4_K => self.of::<D, SuperFour>(d),
            BlockType::Q5_K => self.of::<D, SuperFive>(d),
            BlockType::Q6_K => self.of::<D, SuperSix>(d),
            BlockType::IQ4_NL => self.of::<D, FourTable>(d),
            BlockType::IQ4_XS => self.of::<D, SuperTable>(d),
            BlockType::F32 | BlockType::F16 | BlockType::BF16 => {} // never in cells
        }
    }
}

impl Task<'_> {
    #[inline(always)]
    fn of<D: Dot, K: Kind>(self, d: D) {
        for group in self.groups.clone() {
            let mut row = self.rows.start;
            while row < self.rows.end {
                let rows = tile_rows(self.rows.end - row);
                match rows {
                    TILE => self.tile::<D, K, TILE>(d, group, row),
                    4 => self.tile::<D, K, 4>(d, group, row),
                    _ => self.tile::<D, K, 1>(d, group, row),
                }
                row += rows;
            }
        }
    }

    #[inline(always)]
    fn tile<D: Dot, K: Kind, const M: usize>(&self, d: D, group: usize, row: usize) {
        let Product { x, w, n, bias } = self.product;
        let (s, lanes) = (d.simd(), D::S::LANES);
        let bytes = w.group(group);
        let cells = x.k / CELL;
        assert!(x.unit == four::<D, K>(), "activations are rounded for other instructions");
        assert!(lanes == w.shape().lanes && bytes.len() == w.shape().group() && x.m - row >= M);
        let column = group * lanes;
        let columns = lanes.min(n - column);
        let (w, x) = (bytes.as_ptr(), x.tile(row));
        let put = |r: usize, sum: <D::S as Simd>::V| {
            let mut values = [0.0; MAX_LANES];
            // SAFETY: no vector is longer; this task alone writes these columns of the row.
            let out = unsafe {
                s.store(values.as_mut_ptr(), sum);
                self.y.slice((row + r) * n + column, columns)
            };
            out.copy_from_slice(&values[..columns]);
            if let Some(bias) = bias {
                out.iter_mut().zip(&bias[column..]).for_each(|(y, b)| *y += b);
            }
        };
        // SAFETY: the group has so many cells, and the tile so many rows.
        unsafe {
            if K::WIDTH == 8 && M > D::ROWS {
                for first in [0, HALF] {
                    let sums = sums::<D, K, M, HALF>(d, w, x, first, cells);
                    sums.into_iter().enumerate().for_each(|(r, sum)| put(first + r, sum));
                }
            } else {
                sums::<D, K, M, M>(d, w, x, 0, cells).into_iter().enumerate().for_each(|(r, sum)| put(r, sum));
            }
        }
    }
}

/// Bytes of the activations of four columns.
const fn four<D: Dot, K: Kind>() -> usize {
    if K::WIDTH < D::WIDE { 4 } else { 8 }
}

/// Rows of half a tile.
const HALF: usize = TILE / 2;
/// Of the longest vector.
const MAX_LANES: usize = 16;

/// Sums over all columns of R rows of a tile of M, from `first` on, with a group of rows of w. Loops over R are small, so that
/// they are unrolled; pointers walk, so that what is read has a constant distance from them.
///
/// # Safety
/// `w` must point to a group of rows of kind `K` with `cells` cells, `x` to a tile of M rows, at least `first` + R, with as
/// many columns.
#[inline(always)]
unsafe fn sums<D: Dot, K: Kind, const M: usize, const R: usize>(
    d: D,
    mut w: *const u8,
    mut x: Tile,
    first: usize,
    cells: usize,
) -> [<D::S as Simd>::V; R] {
    let (s, lanes) = (d.simd(), D::S::LANES);
    let four = four::<D, K>();
    // SAFETY: the caller's promise.
    unsafe {
        x.quants = x.quants.add(four * first);
        x.scales = x.scales.add(first);
        x.start = x.start.add(first);
        if K::MINS {
            x.sums = x.sums.add(first);
        }
    }
    let group = UNITS / K::GROUPS;
    let units = if D::UNROLL { group } else { std::hint::black_box(group) };
    let mut sums = [s.splat(0.0); R];
    let (mut block_scale, mut block_min) = (s.splat(0.0), s.splat(0.0));
    for c in 0..cells {
        // SAFETY: the caller's promise; see `Shape` for what follows what.
        unsafe {
            if K::SUPER && c % SUPER == 0 {
                block_scale = s.load(w.cast());
                w = w.add(4 * lanes);
                if K::MINS {
                    block_min = s.load(w.cast());
                    w = w.add(4 * lanes);
                }
            }
            let quants = w;
            w = w.add(CELL * lanes * K::BITS / 8);
            for g in 0..K::GROUPS {
                let mut products = [[d.splat(0); 2]; R];
                // the first by itself: it adds nothing to zeros
                add_unit::<D, K, R>(d, quants, g * group, x.quants, &mut products);
                for unit in 1..units {
                    x.quants = x.quants.add(four * M);
                    add_unit::<D, K, R>(d, quants, g * group + unit, x.quants, &mut products);
                }
                x.quants = x.quants.add(four * M);
                let scale = if K::SUPER { s.mul(block_scale, d.load_i8(w.add(g * lanes))) } else { s.load(w.cast()) };
                for (m, (sum, products)) in sums.iter_mut().zip(products).enumerate() {
                    let dot = d.add(d.start(K::WIDTH, *x.start.add(m)), d.total(K::WIDTH, products));
                    let scale = s.mul(scale, s.splat(*x.scales.add(m)));
                    *sum = s.mul_add(d.to_f32(dot), scale, *sum);
                }
                x.start = x.start.add(M);
                if K::MINS {
                    let min = if K::SUPER {
                        s.mul(block_min, d.load_u8(w.add((K::GROUPS + g) * lanes)))
                    } else {
                        s.load(w.add(4 * lanes).cast())
                    };
                    for (m, sum) in sums.iter_mut().enumerate() {
                        *sum = s.mul_add(min, s.splat(-*x.sums.add(m)), *sum);
                    }
                    x.sums = x.sums.add(M);
                }
            }
            x.scales = x.scales.add(M);
            let numbers = 1 + K::MINS as usize;
            w = w.add(lanes * numbers * if K::SUPER { K::GROUPS } else { 4 });
        }
    }
    sums
}

/// Adds the products of a unit.
///
/// # Safety
/// As [`unpack`], and `x` must point to the activations of R rows.
#[inline(always)]
unsafe fn add_unit<D: Dot, K: Kind, const R: usize>(
    d: D,
    quants: *const u8,
    unit: usize,
    x: *const u8,
    sums: &mut [[D::I; 2]; R],
) {
    // SAFETY: the caller's promise.
    let weights = unsafe { unpack::<D, K>(d, quants, unit) };
    for (m, sums) in sums.iter_mut().enumerate() {
        // SAFETY: as above.
        let x = unsafe { d.activations::<R>(K::WIDTH, x, m) };
        *sums = d.add_products(K::WIDTH, *sums, weights, x);
    }
}

/// The weights of a unit as bytes.
///
/// # Safety
/// `quants` must point to the quants of a cell of kind `K`.
#[inline(always)]
unsafe fn unpack<D: Dot, K: Kind>(d: D, quants: *const u8, unit: usize) -> D::I {
    let low = |bits: u32| d.splat(i32::from_ne_bytes([((1u32 << bits) - 1) as u8; 4]));
    // SAFETY: the caller's promise.
    let plane = |i: usize| unsafe { d.load(quants.add(i * 4 * D::S::LANES)) };
    // `bits` of each byte from `from` on, moved to `to`
    let moved = |v: D::I, from: u32, bits: u32, to: u32| {
        let v = if from > to { d.shr(v, from - to) } else { d.shl(v, to - from) };
        d.and(v, d.splat(i32::from_ne_bytes([(((1u32 << bits) - 1) << to) as u8; 4])))
    };
    let nibble = || {
        let v = plane(unit % 4);
        d.and(if unit < 4 { v } else { d.shr(v, 4) }, low(4))
    };
    match K::BITS {
        8 => plane(unit),
        4 => match &K::TABLE {
            Some(table) => d.lookup(table, nibble()),
            None => nibble(),
        },
        5 => d.or(nibble(), moved(plane(4), unit as u32, 1, 4)),
        6 => d.or(nibble(), moved(plane(4 + unit / 4), unit as u32 % 4 * 2, 2, 4)),
        3 => d.or(moved(plane(unit / 4), unit as u32 % 4 * 2, 2, 0), moved(plane(2), unit as u32, 1, 2)),
        _ => moved(plane(unit / 4), unit as u32 % 4 * 2, 2, 0),
    }
}
