use crate::CpuDevice;
use crate::simd::map::{self, Map};
use crate::simd::{Kernel, Simd, math};

/// `exp(x − top)`.
#[derive(Clone, Copy)]
struct ExpBelow(f32);

impl Map for ExpBelow {
    #[inline(always)]
    fn eval<S: Simd>(self, s: S, x: S::V) -> S::V {
        math::exp(s, s.sub(x, s.splat(self.0)))
    }
}

#[derive(Clone, Copy)]
struct Value;

impl Map for Value {
    #[inline(always)]
    fn eval<S: Simd>(self, _: S, x: S::V) -> S::V {
        x
    }
}

struct Row<'a>(&'a [f32], &'a mut [f32]);

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Row(x, y) = self;
        map::map(s, x, y, ExpBelow(map::top(s, x)));
        let scale = map::sum(s, y, 0.0, Value).recip();
        for y in y.iter_mut() {
            *y *= scale;
        }
    }
}

pub(super) fn softmax(d: &CpuDevice, x: &[f32], cols: usize, y: &mut [f32]) {
    d.rows(x, y, cols, |_, x, y| d.isa().run(Row(x, y)));
}
