use super::blocked;
use crate::cpu::SendPtr;
use crate::simd::map::{ExpBelow, Value, dot, map_mut, sum, top};
use crate::simd::{Kernel, Simd};
use crate::{CpuDevice, Result};

/// Up to so many queries go one by one: packing the keys would cost more than it saves.
pub(super) const FEW_QUERIES: usize = 4;

/// Multiply-adds that are worth a task.
const MIN_WORK: usize = 1 << 16;

/// Factor of the logits, and which keys a query sees: plain numbers, that threads may share.
#[derive(Clone, Copy)]
pub(super) struct Mask {
    pub scale: f32,
    pub causal: Option<usize>,
    pub window: Option<usize>,
    pub softcap: Option<f32>,
}

impl Mask {
    /// The logit of the product `qk`.
    #[inline(always)]
    pub fn logit(&self, qk: f32) -> f32 {
        let x = qk * self.scale;
        self.softcap.map_or(x, |cap| cap * (x / cap).tanh())
    }

    /// Keys that query `t` sees, of `tk`.
    pub fn visible(&self, t: usize, tk: usize) -> std::ops::Range<usize> {
        let Some(first) = self.causal else { return 0..tk };
        let end = first.saturating_add(t).saturating_add(1);
        end.saturating_sub(self.window.unwrap_or(usize::MAX)).min(tk)..end.min(tk)
    }
}

/// One call: the values and their dimensions.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
    pub bias: Option<&'a [f32]>,
    pub mask: Mask,
    pub tq: usize,
    pub tk: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub dim: usize,
}

impl Call<'_> {
    /// The head of k and v that query head `head` reads.
    pub fn kv_head(&self, head: usize) -> usize {
        head / (self.heads / self.kv_heads)
    }
}

pub(super) fn attention(d: &CpuDevice, c: &Call<'_>, y: &mut [f32]) -> Result<()> {
    if c.tk == 0 {
        y.fill(0.0);
    }
    if c.tk == 0 || y.is_empty() {
        return Ok(());
    }
    if c.tq > FEW_QUERIES {
        return blocked::attention(d, c, y);
    }
    let rows = c.tq * c.heads;
    let grain = d.pool().grain(rows, 2 * c.tk * c.dim, MIN_WORK);
    // For as many keys as the cache can hold, so that a growing cache asks for the same buffer each time.
    let mut scratch = d.buffer(rows * (c.k.len() / (c.kv_heads * c.dim)))?;
    let scratch = SendPtr::new(scratch.f32_mut());
    d.pool().chunks(y, grain * c.dim, |task, y| {
        // SAFETY: one stretch of scratch for each task.
        let logits = unsafe { scratch.slice(task * c.tk, c.tk) };
        for (i, y) in y.chunks_exact_mut(c.dim).enumerate() {
            d.isa().run(Query { c, row: task * grain + i, logits, y });
        }
    });
    Ok(())
}

/// One query of one head.
struct Query<'a> {
    c: &'a Call<'a>,
    row: usize,
    logits: &'a mut [f32],
    y: &'a mut [f32],
}

impl Kernel for Query<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Query { c, row, logits, y } = self;
        let (t, head) = (row / c.heads, row % c.heads);
        let (dim, stride, first) = (c.dim, c.kv_heads * c.dim, c.kv_head(head) * c.dim);
        let keys = c.mask.visible(t, c.tk);
        let q = &c.q[row * dim..][..dim];
        let logits = &mut logits[..keys.len()];
        for (j, logit) in keys.clone().zip(logits.iter_mut()) {
            let bias = c.bias.map_or(0.0, |bias| bias[j]);
            *logit = c.mask.logit(dot(s, q, &c.k[j * stride + first..][..dim])) + bias;
        }
        y.fill(0.0);
        let top = top(s, logits);
        if top == f32::NEG_INFINITY {
            return;
        }
        map_mut(s, logits, ExpBelow(top));
        let scale = sum(s, logits, 0.0, Value).recip();
        let whole = dim - dim % S::LANES;
        for ch in (0..whole).step_by(S::LANES) {
            let mut sums = [s.splat(0.0); 2];
            for (i, (j, &p)) in keys.clone().zip(logits.iter()).enumerate() {
                let v = &c.v[j * stride + first + ch..][..S::LANES];
                // SAFETY: the slice has LANES values.
                sums[i % 2] = s.mul_add(s.splat(p), unsafe { s.load(v.as_ptr()) }, sums[i % 2]);
            }
            let out = &mut y[ch..ch + S::LANES];
            // SAFETY: the slice has LANES places.
            unsafe { s.store(out.as_mut_ptr(), s.mul(s.add(sums[0], sums[1]), s.splat(scale))) };
        }
        for (ch, out) in y.iter_mut().enumerate().take(dim).skip(whole) {
            let total: f32 = keys.clone().zip(logits.iter()).map(|(j, p)| p * c.v[j * stride + first + ch]).sum();
            *out = total * scale;
        }
    }
}
