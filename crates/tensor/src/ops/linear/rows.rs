//! Few rows of activations: each weight row is read once and multiplied with all of them.

use crate::cpu::{MatrixRows, SendPtr};
use crate::simd::{Kernel, Simd, map};
use crate::{CpuDevice, Result};

/// Multiply-adds that are worth a task.
const MIN_WORK: usize = 1 << 16;

struct Rows<'a> {
    m: usize,
    n: usize,
    k: usize,
    bias: Option<&'a [f32]>,
    y: SendPtr<'a, f32>,
}

impl Rows<'_> {
    /// Calls `f(range of weight rows)` for all of them, over threads.
    fn for_each(&self, d: &CpuDevice, f: impl Fn(std::ops::Range<usize>) + Sync) {
        let grain = d.pool().grain(self.n, self.m * self.k, MIN_WORK);
        d.pool().run(self.n.div_ceil(grain), |task| f(task * grain..((task + 1) * grain).min(self.n)));
    }

    #[inline(always)]
    fn put(&self, row: usize, column: usize, dot: f32) {
        let bias = self.bias.map_or(0.0, |bias| bias[column]);
        // SAFETY: each column belongs to one task.
        unsafe { self.y.write(row * self.n + column, dot + bias) };
    }
}

/// Weight rows widened to f32.
struct Widened<'a> {
    rows: &'a Rows<'a>,
    x: &'a [f32],
    w: &'a [f32],
    column: usize,
}

impl Kernel for Widened<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (row, x) in self.x.chunks_exact(self.rows.k).enumerate() {
            self.rows.put(row, self.column, map::dot(s, x, self.w));
        }
    }
}

/// `y = x · wᵀ + bias` for x [m, k], w [n, k].
pub(super) fn linear(
    d: &CpuDevice,
    x: &[f32],
    w: MatrixRows<'_>,
    bias: Option<&[f32]>,
    [n, k]: [usize; 2],
    y: &mut [f32],
) -> Result<()> {
    let rows = Rows { m: x.len() / k, n, k, bias, y: SendPtr::new(y) };
    match w {
        MatrixRows::F32(values, _) => rows.for_each(d, |columns| {
            for column in columns {
                d.isa().run(Widened { rows: &rows, x, w: &values[column * k..][..k], column });
            }
        }),
        MatrixRows::Blocks(_) => {
            let grain = d.pool().grain(n, rows.m * k, MIN_WORK);
            let mut scratch = d.buffer(n.div_ceil(grain) * k)?;
            let scratch = SendPtr::new(scratch.f32_mut());
            rows.for_each(d, |columns| {
                // SAFETY: one stretch of scratch for each task.
                let row = unsafe { scratch.slice(columns.start / grain * k, k) };
                for column in columns {
                    w.row(d, column, row);
                    d.isa().run(Widened { rows: &rows, x, w: row, column });
                }
            });
        }
    }
    Ok(())
}
