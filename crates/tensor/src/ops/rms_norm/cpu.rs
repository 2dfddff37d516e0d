use crate::CpuDevice;
use crate::simd::map::dot;
use crate::simd::{Kernel, Simd};

struct Row<'a> {
    x: &'a [f32],
    weight: Option<&'a [f32]>,
    eps: f32,
    y: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Row { x, weight, eps, y } = self;
        let scale = (dot(s, x, x) / x.len() as f32 + eps).sqrt().recip();
        match weight {
            Some(w) => y.iter_mut().zip(x).zip(w).for_each(|((y, x), w)| *y = x * scale * w),
            None => y.iter_mut().zip(x).for_each(|(y, x)| *y = x * scale),
        }
    }
}

pub(super) fn rms_norm(d: &CpuDevice, x: &[f32], cols: usize, weight: Option<&[f32]>, eps: f32, y: &mut [f32]) {
    d.rows(x, y, cols, |_, x, y| d.isa().run(Row { x, weight, eps, y }));
}
