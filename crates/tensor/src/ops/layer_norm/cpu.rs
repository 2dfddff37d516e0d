use crate::CpuDevice;
use crate::simd::map::{Map, Value, sum};
use crate::simd::{Kernel, Simd};

type Affine<'a> = Option<(&'a [f32], &'a [f32])>;

/// `(x − mean)²`.
#[derive(Clone, Copy)]
struct Deviation(f32);

impl Map for Deviation {
    #[inline(always)]
    fn eval<S: Simd>(self, s: S, x: S::V) -> S::V {
        let x = s.sub(x, s.splat(self.0));
        s.mul(x, x)
    }
}

struct Row<'a> {
    x: &'a [f32],
    affine: Affine<'a>,
    eps: f32,
    y: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Row { x, affine, eps, y } = self;
        let n = x.len() as f32;
        let mean = sum(s, x, 0.0, Value) / n;
        let scale = (sum(s, x, mean, Deviation(mean)) / n + eps).sqrt().recip();
        match affine {
            Some((w, b)) => {
                for (((y, x), w), b) in y.iter_mut().zip(x).zip(w).zip(b) {
                    *y = (x - mean) * scale * w + b;
                }
            }
            None => y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - mean) * scale),
        }
    }
}

pub(super) fn layer_norm(d: &CpuDevice, x: &[f32], cols: usize, affine: Affine<'_>, eps: f32, y: &mut [f32]) {
    d.rows(x, y, cols, |_, x, y| d.isa().run(Row { x, affine, eps, y }));
}
