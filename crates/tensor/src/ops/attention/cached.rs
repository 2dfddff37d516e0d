//! A few queries over a cache in 16 or 8 bits: a task takes some keys and all queries of their head, so that each row is
//! widened once for them, a block of rows at a time.

use std::ops::Range;

use super::cpu::{Call, FEW_QUERIES};
use crate::cpu::{CpuCache, SendPtr};
use crate::simd::map::{ExpBelow, Value, dot, map_mut, sum, top};
use crate::simd::{Kernel, Simd};
use crate::{CpuDevice, Result};

/// Rows that are widened at a time: they stay in the first cache.
const ROWS: usize = 32;

/// Keys of a task.
const KEYS: usize = 512;

/// As [`super::cpu::attention`], with the keys and values of `k` and `v`; those of `c` are not read.
pub(super) fn attention(d: &CpuDevice, c: &Call<'_>, k: &CpuCache, v: &CpuCache, y: &mut [f32]) -> Result<()> {
    let row = c.kv_heads * c.dim;
    if c.tq > FEW_QUERIES || c.tk == 0 || y.is_empty() {
        // The matrix kernel packs all rows anyway
        let (mut keys, mut values) = (d.buffer(c.tk * row)?, d.buffer(c.tk * row)?);
        k.widen(d, row, keys.f32_mut());
        v.widen(d, row, values.f32_mut());
        return super::cpu::attention(d, &Call { k: keys.f32(), v: values.f32(), ..*c }, y);
    }
    // Counted for as many keys as the cache can hold, so that a growing cache asks for the same buffer each time
    let (queries, most) = (c.tq * (c.heads / c.kv_heads), (k.len() / row).div_ceil(KEYS));
    let (part, scratch) = (queries * (c.dim + 2), ROWS * c.dim + queries * KEYS);
    let mut buffer = d.buffer(c.kv_heads * most * (part + scratch))?;
    let (seen, parts) = (seen(c), seen(c).len().div_ceil(KEYS));
    let shared = SendPtr::new(buffer.f32_mut());
    d.pool().run(c.kv_heads * parts, |task| {
        // SAFETY: one stretch for each task.
        let mine = unsafe { shared.slice(task * (part + scratch), part + scratch) };
        let (out, rest) = mine.split_at_mut(part);
        let (rows, logits) = rest.split_at_mut(ROWS * c.dim);
        let first = seen.start + task % parts * KEYS;
        let keys = first..(first + KEYS).min(seen.end);
        d.isa().run(Part { c, k, v, kv_head: task / parts, keys, rows, logits, out });
    });
    y.fill(0.0);
    for kv_head in 0..c.kv_heads {
        let parts = buffer.f32()[kv_head * parts * (part + scratch)..].chunks(part + scratch).take(parts);
        for i in 0..queries {
            let of = |p: &[f32]| (p[i], p[queries + i]);
            let top = parts.clone().map(|p| of(p).0).fold(f32::NEG_INFINITY, f32::max);
            let shrink = |p: &[f32]| if of(p).0 == f32::NEG_INFINITY { 0.0 } else { (of(p).0 - top).exp() };
            let total: f32 = parts.clone().map(|p| shrink(p) * of(p).1).sum();
            let y = &mut y[place(c, kv_head, i)..][..c.dim];
            for p in parts.clone().filter(|_| total > 0.0) {
                let weight = shrink(p) / total;
                y.iter_mut().zip(&p[2 * queries + i * c.dim..]).for_each(|(y, sum)| *y += weight * sum);
            }
        }
    }
    Ok(())
}

/// The keys that any query sees.
fn seen(c: &Call<'_>) -> Range<usize> {
    c.mask.visible(0, c.tk).start..c.mask.visible(c.tq - 1, c.tk).end
}

/// Where query `i` of those that read `kv_head` begins in q and y.
#[inline(always)]
fn place(c: &Call<'_>, kv_head: usize, i: usize) -> usize {
    let group = c.heads / c.kv_heads;
    (i / group * c.heads + kv_head * group + i % group) * c.dim
}

/// All queries of one head of keys and values over some of the keys (flash decoding: Dao et al. 2023).
struct Part<'a> {
    c: &'a Call<'a>,
    k: &'a CpuCache,
    v: &'a CpuCache,
    kv_head: usize,
    keys: Range<usize>,
    /// [ROWS, D]
    rows: &'a mut [f32],
    /// [queries, keys]
    logits: &'a mut [f32],
    /// For each query its largest logit, then the sum of its weights, then of its weighted values.
    out: &'a mut [f32],
}

impl Kernel for Part<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Part { c, k, v, kv_head, keys, rows, logits, out } = self;
        let (dim, n, group) = (c.dim, keys.len(), c.heads / c.kv_heads);
        let queries = c.tq * group;
        let (tops, out) = out.split_at_mut(queries);
        let (totals, sums) = out.split_at_mut(queries);
        for j0 in keys.clone().step_by(ROWS) {
            let count = ROWS.min(keys.end - j0);
            widen(c, k, kv_head, j0, &mut rows[..count * dim]);
            for i in 0..queries {
                let visible = c.mask.visible(i / group, c.tk);
                let q = &c.q[place(c, kv_head, i)..][..dim];
                for j in 0..count {
                    logits[i * n + j0 - keys.start + j] = match visible.contains(&(j0 + j)) {
                        true => c.mask.logit(dot(s, q, &rows[j * dim..][..dim])) + c.bias.map_or(0.0, |b| b[j0 + j]),
                        false => f32::NEG_INFINITY,
                    };
                }
            }
        }
        for i in 0..queries {
            let logits = &mut logits[i * n..][..n];
            tops[i] = top(s, logits);
            if tops[i] == f32::NEG_INFINITY {
                logits.fill(0.0);
            } else {
                map_mut(s, logits, ExpBelow(tops[i]));
            }
            totals[i] = sum(s, logits, 0.0, Value);
        }
        sums.fill(0.0);
        for j0 in keys.clone().step_by(ROWS) {
            let count = ROWS.min(keys.end - j0);
            widen(c, v, kv_head, j0, &mut rows[..count * dim]);
            for i in 0..queries {
                let sums = &mut sums[i * dim..][..dim];
                for j in 0..count {
                    let weight = logits[i * n + j0 - keys.start + j];
                    for (sum, value) in sums.iter_mut().zip(&rows[j * dim..][..dim]) {
                        *sum += weight * value;
                    }
                }
            }
        }
    }
}

/// Rows of a head from row `first` on.
#[inline(always)]
fn widen(c: &Call<'_>, cache: &CpuCache, kv_head: usize, first: usize, rows: &mut [f32]) {
    for j in 0..rows.len() / c.dim {
        cache.read(((first + j) * c.kv_heads + kv_head) * c.dim, &mut rows[j * c.dim..][..c.dim]);
    }
}
