use crate::CpuDevice;
use crate::simd::{Kernel, Simd};

/// `x · (1 + scale) + shift`.
pub(crate) struct Row<'a> {
    pub x: &'a [f32],
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub y: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (((y, x), scale), shift) in self.y.iter_mut().zip(self.x).zip(self.scale).zip(self.shift) {
            *y = x * (1.0 + scale) + shift;
        }
    }
}

/// `run` consecutive rows share a row of `scale` and `shift`.
pub(super) fn modulate(d: &CpuDevice, x: &[f32], scale: &[f32], shift: &[f32], cols: usize, run: usize, y: &mut [f32]) {
    d.rows(x, y, cols, |n, x, y| {
        let at = n / run * cols;
        d.isa().run(Row { x, scale: &scale[at..at + cols], shift: &shift[at..at + cols], y });
    });
}
