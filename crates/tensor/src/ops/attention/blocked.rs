//! Many queries: blocks of queries against blocks of keys on the matrix kernel, with a running softmax (Dao et al. 2022).

use super::cpu::Call;
use crate::cpu::{CpuBuf, SendPtr};
use crate::ops::gemm::micro::{self, Dense, Tile};
use crate::ops::gemm::panel_width;
use crate::simd::map::{ExpBelow, Value, map_mut, sum, top};
use crate::simd::{Kernel, Simd};
use crate::{CpuDevice, Result};

/// Queries of a task: whole tiles for any instruction set.
const QUERIES: usize = 48;

/// Keys at a time: their logits stay in the first cache.
const KEYS: usize = 128;

/// Keys and values of all heads, packed for the matrix kernel.
struct PackedKv {
    /// Per kv head: panels of keys, `[D][width]`; keys past the last are zero.
    k: CpuBuf,
    /// Per kv head: panels of channels, `[Tk][width]`; channels past the last are zero.
    v: CpuBuf,
    k_head: usize,
    v_head: usize,
}

fn pack(d: &CpuDevice, c: &Call<'_>) -> Result<PackedKv> {
    let width = panel_width(d.isa());
    let stride = c.kv_heads * c.dim;
    let (k_panels, v_panels) = (c.tk.div_ceil(width), c.dim.div_ceil(width));
    let (k_head, v_head) = (k_panels * c.dim * width, v_panels * c.tk * width);
    let mut packed = PackedKv { k: d.buffer(c.kv_heads * k_head)?, v: d.buffer(c.kv_heads * v_head)?, k_head, v_head };
    d.pool().chunks(packed.k.f32_mut(), c.dim * width, |i, out| {
        let (head, first) = (i / k_panels, i % k_panels * width);
        for column in 0..width {
            let j = first + column;
            let out = out[column..].iter_mut().step_by(width);
            match c.k.get(j * stride + head * c.dim..).and_then(|k| k.get(..c.dim)) {
                Some(k) if j < c.tk => out.zip(k).for_each(|(y, x)| *y = *x),
                _ => out.for_each(|y| *y = 0.0),
            }
        }
    });
    d.pool().chunks(packed.v.f32_mut(), c.tk * width, |i, out| {
        let (head, first) = (i / v_panels, i % v_panels * width);
        let channels = width.min(c.dim - first);
        for (j, out) in out.chunks_exact_mut(width).enumerate() {
            out[..channels].copy_from_slice(&c.v[j * stride + head * c.dim + first..][..channels]);
            out[channels..].fill(0.0);
        }
    });
    Ok(packed)
}

pub(super) fn attention(d: &CpuDevice, c: &Call<'_>, y: &mut [f32]) -> Result<()> {
    let packed = pack(d, c)?;
    let width = panel_width(d.isa());
    let blocks = c.tq.div_ceil(QUERIES);
    let padded = c.dim.next_multiple_of(width);
    let size = QUERIES * (KEYS + padded + 2);
    let tasks = c.heads * blocks;
    let slots = tasks.min(4 * d.threads()); // more would be memory without use
    let per_slot = tasks.div_ceil(slots);
    let mut scratch = d.buffer(slots * size)?;
    let (scratch, y) = (SendPtr::new(scratch.f32_mut()), SendPtr::new(y));
    d.pool().run(slots, |slot| {
        // SAFETY: one stretch of scratch for each task.
        let scratch = unsafe { scratch.slice(slot * size, size) };
        for task in slot * per_slot..((slot + 1) * per_slot).min(tasks) {
            let first = task % blocks * QUERIES;
            let queries = first..(first + QUERIES).min(c.tq);
            d.isa().run(Block { c, kv: &packed, head: task / blocks, queries, scratch, y: &y });
        }
    });
    Ok(())
}

/// A block of queries of one head.
struct Block<'a> {
    c: &'a Call<'a>,
    kv: &'a PackedKv,
    head: usize,
    queries: std::ops::Range<usize>,
    scratch: &'a mut [f32],
    y: &'a SendPtr<'a, f32>,
}

impl Kernel for Block<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Block { c, kv, head, queries, scratch, y } = self;
        let (dim, width) = (c.dim, 2 * S::LANES);
        let padded = dim.next_multiple_of(width);
        let kv_head = c.kv_head(head);
        let k_panels = &kv.k.f32()[kv_head * kv.k_head..][..kv.k_head];
        let v_panels = &kv.v.f32()[kv_head * kv.v_head..][..kv.v_head];
        let (logits, rest) = scratch.split_at_mut(QUERIES * KEYS);
        let (sums, rest) = rest.split_at_mut(QUERIES * padded);
        let (tops, totals) = rest.split_at_mut(QUERIES);
        sums.fill(0.0);
        tops.fill(f32::NEG_INFINITY);
        totals.fill(0.0);
        let rows = queries.len();
        let q = &c.q[(queries.start * c.heads + head) * dim..];
        // From the first key that any of them sees to the last.
        let seen = c.mask.visible(queries.start, c.tk).start..c.mask.visible(queries.end - 1, c.tk).end;
        let mut k0 = seen.start / width * width;
        while k0 < seen.end {
            let keys = KEYS.min(seen.end - k0);
            for panel in 0..keys.div_ceil(width) {
                let b = &k_panels[(k0 / width + panel) * dim * width..][..dim * width];
                let tile = |a| Tile {
                    k: dim,
                    a,
                    stride: c.heads * dim,
                    b,
                    index: Dense,
                    columns: width,
                    bias: None,
                    add: false,
                };
                tiles(s, rows, q, c.heads * dim, tile, &mut logits[panel * width..], KEYS);
            }
            for r in 0..rows {
                let visible = c.mask.visible(queries.start + r, c.tk);
                let (lo, hi) = (visible.start.clamp(k0, k0 + keys) - k0, visible.end.clamp(k0, k0 + keys) - k0);
                let row = &mut logits[r * KEYS..][..keys];
                row[..lo].fill(0.0);
                row[hi.max(lo)..].fill(0.0);
                if lo >= hi {
                    continue;
                }
                let row = &mut row[lo..hi];
                match c.bias {
                    Some(bias) => row.iter_mut().zip(&bias[k0 + lo..]).for_each(|(l, b)| *l = c.mask.logit(*l) + b),
                    None => row.iter_mut().for_each(|l| *l = c.mask.logit(*l)),
                }
                let highest = top(s, row).max(tops[r]);
                if highest == f32::NEG_INFINITY {
                    row.fill(0.0);
                    continue;
                }
                map_mut(s, row, ExpBelow(highest));
                if highest > tops[r] {
                    let shrink = (tops[r] - highest).exp();
                    totals[r] *= shrink;
                    sums[r * padded..][..padded].iter_mut().for_each(|sum| *sum *= shrink);
                    tops[r] = highest;
                }
                totals[r] += sum(s, row, 0.0, Value);
            }
            for panel in 0..padded / width {
                let b = &v_panels[(panel * c.tk + k0) * width..][..keys * width];
                let tile =
                    |a| Tile { k: keys, a, stride: KEYS, b, index: Dense, columns: width, bias: None, add: true };
                tiles(s, rows, logits, KEYS, tile, &mut sums[panel * width..], padded);
            }
            k0 += keys;
        }
        for r in 0..rows {
            let at = ((queries.start + r) * c.heads + head) * dim;
            // SAFETY: each query and head belongs to one task.
            let out = unsafe { y.slice(at, dim) };
            let scale = if totals[r] > 0.0 { totals[r].recip() } else { 0.0 };
            out.iter_mut().zip(&sums[r * padded..]).for_each(|(y, sum)| *y = sum * scale);
        }
    }
}

/// All rows of a panel, tile by tile: row r of A begins at `r · a_stride`, row r of C at `r · c_stride`.
#[inline(always)]
fn tiles<'t, S: Simd>(
    s: S,
    rows: usize,
    a: &'t [f32],
    a_stride: usize,
    tile: impl Fn(&'t [f32]) -> Tile<'t, Dense>,
    c: &mut [f32],
    c_stride: usize,
) {
    let mut row = 0;
    while row < rows {
        let take = micro::rows_of::<S>(rows - row);
        let c = &mut c[row * c_stride..];
        assert!(c.len() >= (take - 1) * c_stride + 2 * S::LANES);
        // SAFETY: the assertion.
        unsafe { micro::tile_of_rows(s, take, &tile(&a[row * a_stride..]), c.as_mut_ptr(), c_stride) };
        row += take;
    }
}
