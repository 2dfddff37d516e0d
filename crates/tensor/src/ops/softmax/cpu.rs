use crate::CpuDevice;
use crate::simd::map::{ExpBelow, Value, map, sum, top};
use crate::simd::{Kernel, Simd};

struct Row<'a>(&'a [f32], &'a mut [f32]);

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Row(x, y) = self;
        map(s, x, y, ExpBelow(top(s, x)));
        let scale = sum(s, y, 0.0, Value).recip();
        for y in y.iter_mut() {
            *y *= scale;
        }
    }
}

pub(super) fn softmax(d: &CpuDevice, x: &[f32], cols: usize, y: &mut [f32]) {
    d.rows(x, y, cols, |_, x, y| d.isa().run(Row(x, y)));
}
