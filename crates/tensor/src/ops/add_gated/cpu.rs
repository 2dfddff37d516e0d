use crate::CpuDevice;
use crate::simd::{Kernel, Simd};

struct Row<'a> {
    x: &'a [f32],
    branch: &'a [f32],
    gate: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (((y, x), branch), gate) in self.y.iter_mut().zip(self.x).zip(self.branch).zip(self.gate) {
            *y = x + branch * gate;
        }
    }
}

/// `run` consecutive rows share a row of `gate`.
pub(super) fn add_gated(
    d: &CpuDevice,
    x: &[f32],
    branch: &[f32],
    gate: &[f32],
    cols: usize,
    run: usize,
    y: &mut [f32],
) {
    d.rows(x, y, cols, |n, x, y| {
        let (gate, branch) = (&gate[n / run * cols..][..cols], &branch[n * cols..][..cols]);
        d.isa().run(Row { x, branch, gate, y });
    });
}
