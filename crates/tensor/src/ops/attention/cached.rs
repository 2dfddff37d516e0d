//! A few queries over a cache in 16 or 8 bits: a task takes all queries of one head of keys and values, so that each row is
//! widened once for them, a block of rows at a time.

use super::cpu::{Call, FEW_QUERIES};
use crate::cpu::{CpuCache, SendPtr};
use crate::simd::map::{ExpBelow, Value, dot, map_mut, sum, top};
use crate::simd::{Kernel, Simd};
use crate::{CpuDevice, Result};

/// Rows that are widened at a time: they stay in the first cache.
const ROWS: usize = 32;

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
    // For as many keys as the cache can hold, so that a growing cache asks for the same buffer each time
    let size = c.tq * (c.heads / c.kv_heads) * (k.len() / row) + ROWS * c.dim;
    let mut scratch = d.buffer(c.kv_heads * size)?;
    let (scratch, y) = (SendPtr::new(scratch.f32_mut()), SendPtr::new(y));
    d.pool().run(c.kv_heads, |kv_head| {
        // SAFETY: one stretch of scratch for each task.
        let scratch = unsafe { scratch.slice(kv_head * size, size) };
        let (rows, logits) = scratch.split_at_mut(ROWS * c.dim);
        d.isa().run(Head { c, k, v, kv_head, rows, logits, y: &y });
    });
    Ok(())
}

/// All queries of one head of keys and values.
struct Head<'a> {
    c: &'a Call<'a>,
    k: &'a CpuCache,
    v: &'a CpuCache,
    kv_head: usize,
    /// [ROWS, D]
    rows: &'a mut [f32],
    /// For each query, those of the keys that any of them sees.
    logits: &'a mut [f32],
    y: &'a SendPtr<'a, f32>,
}

impl Kernel for Head<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Head { c, k, v, kv_head, rows, logits, y } = self;
        let (dim, tk, group) = (c.dim, c.tk, c.heads / c.kv_heads);
        let queries = c.tq * group;
        // The token of query i, and where its head begins in q and y
        let token = |i: usize| i / group;
        let place = |i: usize| (token(i) * c.heads + kv_head * group + i % group) * dim;
        let row_at = |j: usize| (j * c.kv_heads + kv_head) * dim;
        let seen = c.mask.visible(0, tk).start..c.mask.visible(c.tq - 1, tk).end;
        let n = seen.len();
        for j0 in seen.clone().step_by(ROWS) {
            let count = ROWS.min(seen.end - j0);
            rows.chunks_exact_mut(dim).take(count).enumerate().for_each(|(j, row)| k.read(row_at(j0 + j), row));
            for i in 0..queries {
                let visible = c.mask.visible(token(i), tk);
                let q = &c.q[place(i)..][..dim];
                let logits = &mut logits[i * n + j0 - seen.start..][..count];
                for ((j, logit), row) in (j0..).zip(logits).zip(rows.chunks_exact(dim)) {
                    *logit = match visible.contains(&j) {
                        true => c.mask.logit(dot(s, q, row)) + c.bias.map_or(0.0, |bias| bias[j]),
                        false => f32::NEG_INFINITY,
                    };
                }
            }
        }
        for i in 0..queries {
            let logits = &mut logits[i * n..][..n];
            let highest = top(s, logits);
            if highest == f32::NEG_INFINITY {
                logits.fill(0.0);
            } else {
                map_mut(s, logits, ExpBelow(highest));
                let scale = sum(s, logits, 0.0, Value).recip();
                logits.iter_mut().for_each(|weight| *weight *= scale);
            }
            // SAFETY: each query and head belongs to one task.
            unsafe { y.slice(place(i), dim) }.fill(0.0);
        }
        for j0 in seen.clone().step_by(ROWS) {
            let count = ROWS.min(seen.end - j0);
            rows.chunks_exact_mut(dim).take(count).enumerate().for_each(|(j, row)| v.read(row_at(j0 + j), row));
            for i in 0..queries {
                // SAFETY: as above.
                let y = unsafe { y.slice(place(i), dim) };
                let weights = &logits[i * n + j0 - seen.start..][..count];
                for (weight, row) in weights.iter().zip(rows.chunks_exact(dim)) {
                    y.iter_mut().zip(row).for_each(|(y, v)| *y += weight * v);
                }
            }
        }
    }
}
