//! Matrices packed for the kernel.

use crate::cpu::CpuBuf;
use crate::simd::{Isa, Kernel, Simd};
use crate::{CpuDevice, Result};

/// Columns of a panel: two vectors.
pub(crate) fn panel_width(isa: Isa) -> usize {
    struct Width;
    impl Kernel for Width {
        type Out = usize;
        #[inline(always)]
        fn run<S: Simd>(self, _: S) -> usize {
            2 * S::LANES
        }
    }
    isa.run(Width)
}

/// B [K, N] as panels of [`panel_width`] columns, each `[K][width]`; columns past N are zero.
pub(crate) struct Panels {
    data: CpuBuf,
    stride: usize,
    /// Columns of a panel, to tell packings for different instruction sets apart.
    pub width: usize,
}

impl Panels {
    /// Packs the rows of W [N, K], B's transpose; `row(n, out)` writes one.
    pub fn of_rows(d: &CpuDevice, n: usize, k: usize, row: impl Fn(usize, &mut [f32]) + Sync) -> Result<Panels> {
        let mut panels = Panels::empty(d, n, k)?;
        let width = panels.width;
        d.pool().chunks(panels.data.f32_mut(), (k * width).max(1), |p, out| {
            fill_from_rows(out, width, k, |c, values| match p * width + c {
                at if at < n => row(at, values),
                _ => values.fill(0.0),
            });
        });
        Ok(panels)
    }

    /// Packs B [K, N], whose row k begins at `k · stride`.
    pub fn of_columns(d: &CpuDevice, n: usize, k: usize, b: &[f32], stride: usize) -> Result<Panels> {
        let mut panels = Panels::empty(d, n, k)?;
        let width = panels.width;
        d.pool().chunks(panels.data.f32_mut(), (k * width).max(1), |p, out| {
            let columns = width.min(n - p * width);
            for (k, out) in out.chunks_exact_mut(width).enumerate() {
                out[..columns].copy_from_slice(&b[k * stride + p * width..][..columns]);
                out[columns..].fill(0.0);
            }
        });
        Ok(panels)
    }

    fn empty(d: &CpuDevice, n: usize, k: usize) -> Result<Panels> {
        let width = panel_width(d.isa());
        let stride = k * width;
        Ok(Panels { data: d.buffer(n.div_ceil(width) * stride)?, stride, width })
    }

    /// Panel `p`, `[K][width]`.
    pub fn panel(&self, p: usize) -> &[f32] {
        &self.data.f32()[p * self.stride..][..self.stride]
    }
}

/// Writes a panel `[depth][width]` from its columns: `column(c, out)` gives `depth` values of column c.
pub(crate) fn fill_from_rows(panel: &mut [f32], width: usize, depth: usize, column: impl Fn(usize, &mut [f32])) {
    const STEP: usize = 256;
    let mut values = [0.0; STEP];
    if depth <= STEP {
        for c in 0..width {
            column(c, &mut values[..depth]);
            scatter(panel, width, c, &values[..depth]);
        }
    } else {
        let mut values = vec![0.0; depth];
        for c in 0..width {
            column(c, &mut values);
            scatter(panel, width, c, &values);
        }
    }
}

#[inline(always)]
fn scatter(panel: &mut [f32], width: usize, c: usize, values: &[f32]) {
    for (row, &value) in panel.chunks_exact_mut(width).zip(values) {
        row[c] = value;
    }
}
