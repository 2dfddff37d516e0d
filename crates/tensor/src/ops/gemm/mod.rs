//! The matrix kernel that linear layers, products, convolutions and attention share.
//!
//! `C[M, N] = A[M, K] · B[K, N]`, register-blocked (Goto & van de Geijn 2008): a tile of C, a few rows by two vectors, stays in
//! registers while K runs. A is read where it lies; B comes in panels of two vectors' width, `[K][width]`, that stay in
//! the first cache while the rows of A pass.

pub(crate) mod micro;
mod panels;

pub(crate) use panels::{Panels, fill_from_rows, panel_width};

use crate::CpuDevice;
use crate::cpu::SendPtr;
use crate::simd::{Kernel, Simd};
use micro::{Dense, Tile};

/// Bytes of a panel that are used at a time: they share the first cache with rows of A.
const PANEL_BYTES: usize = 24 << 10;

/// Values in the longest block of a quantised type.
const MAX_BLOCK: usize = 256;

/// Rows of A in a task: with the panel's K they stay in the second cache.
const BLOCK_ROWS: usize = 96;

/// Multiply-adds that are worth a task.
const MIN_WORK: usize = 1 << 18;

/// Where panels of B come from.
pub(crate) enum Source<'a> {
    /// Packed before.
    Packed(&'a Panels),
    /// `fill(panel, k0, out)` writes rows k0.. of a panel as `[k][width]`; called once for each block of A's rows.
    Fill(&'a (dyn Fn(usize, usize, &mut [f32]) + Sync)),
}

/// One product.
pub(crate) struct Gemm<'a> {
    /// M, N, K.
    pub m: usize,
    pub n: usize,
    pub k: usize,
    /// [M, K].
    pub a: &'a [f32],
    pub b: Source<'a>,
    /// [N], added to every row.
    pub bias: Option<&'a [f32]>,
}

impl Gemm<'_> {
    /// Computes C, [M, N], over all threads.
    pub fn run(&self, d: &CpuDevice, c: &mut [f32]) -> crate::Result<()> {
        if self.m == 0 || self.n == 0 {
            return Ok(());
        }
        assert!(self.a.len() >= self.m * self.k && c.len() >= self.m * self.n);
        let width = panel_width(d.isa());
        let panels = self.n.div_ceil(width);
        let row_blocks = self.m.div_ceil(BLOCK_ROWS);
        let rows = self.m.div_ceil(row_blocks);
        // Panels of a task: enough work, and a few tasks for each thread.
        let wanted = (4 * d.threads()).div_ceil(row_blocks);
        let by_work = MIN_WORK.div_ceil((rows * self.k * width).max(1));
        let group = panels.div_ceil(wanted).max(by_work).min(panels);
        let groups = panels.div_ceil(group);
        let depth = PANEL_BYTES / 4 / width;
        let (depth, scratch) = match self.b {
            Source::Packed(_) => (depth.min(self.k.max(1)), 0),
            Source::Fill(_) => {
                let depth = depth.next_multiple_of(MAX_BLOCK).min(self.k.max(1)); // whole blocks of any type
                (depth, depth * width)
            }
        };
        let c = SendPtr::new(c);
        let failed = std::sync::Mutex::new(None);
        d.pool().run(row_blocks * groups, |task| {
            let (block, group_at) = (task / groups, task % groups);
            let mut buffer = match d.buffer(scratch) {
                Ok(buffer) => buffer,
                Err(error) => {
                    *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
                    return;
                }
            };
            d.isa().run(Block {
                gemm: self,
                rows: (block * rows).min(self.m)..((block + 1) * rows).min(self.m),
                panels: group_at * group..((group_at + 1) * group).min(panels),
                depth,
                scratch: buffer.f32_mut(),
                c: &c,
            });
        });
        failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

/// The rows and panels of one task.
struct Block<'a> {
    gemm: &'a Gemm<'a>,
    rows: std::ops::Range<usize>,
    panels: std::ops::Range<usize>,
    depth: usize,
    scratch: &'a mut [f32],
    c: &'a SendPtr<'a, f32>,
}

impl Kernel for Block<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Gemm { n, k, a, b, bias, .. } = self.gemm;
        let (n, k) = (*n, *k);
        let width = 2 * S::LANES;
        for panel in self.panels {
            let column = panel * width;
            let columns = width.min(n - column);
            let mut k0 = 0;
            loop {
                let depth = self.depth.min(k - k0);
                let b = match b {
                    Source::Packed(panels) => &panels.panel(panel)[k0 * width..(k0 + depth) * width],
                    Source::Fill(fill) => {
                        let out = &mut self.scratch[..depth * width];
                        fill(panel, k0, out);
                        &*out
                    }
                };
                let bias = bias.filter(|_| k0 == 0).map(|bias| &bias[column..column + columns]);
                let mut row = self.rows.start;
                while row < self.rows.end {
                    let (take, a) = (micro::rows_of::<S>(self.rows.end - row), &a[row * k + k0..]);
                    let tile = Tile { k: depth, a, stride: k, b, index: Dense, columns, bias, add: k0 > 0 };
                    let last = (row + take - 1) * n + column;
                    // SAFETY: this task alone writes these rows and columns; the last row's place is checked.
                    unsafe {
                        self.c.slice(last, columns);
                        micro::tile_of_rows(s, take, &tile, self.c.at(row * n + column), n);
                    }
                    row += take;
                }
                k0 += depth;
                if k0 >= k {
                    break;
                }
            }
        }
    }
}
