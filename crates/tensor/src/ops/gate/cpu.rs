use super::Gate;
use crate::CpuDevice;
use crate::simd::map::{Zip, zip};
use crate::simd::{Kernel, Simd, math};

#[derive(Clone, Copy)]
struct Op(Gate);

impl Zip for Op {
    #[inline(always)]
    fn eval<S: Simd>(self, s: S, gate: S::V, up: S::V) -> S::V {
        match self.0 {
            Gate::Silu => s.mul(math::silu(s, gate), up),
            Gate::Gelu => s.mul(math::gelu_tanh(s, gate), up),
        }
    }
}

struct Row<'a> {
    gate: Gate,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (gates, ups) = self.x.split_at(self.y.len());
        zip(s, gates, ups, self.y, Op(self.gate));
    }
}

pub(super) fn gate(d: &CpuDevice, x: &[f32], cols: usize, gate: Gate, y: &mut [f32]) {
    d.rows_mut(y, cols, |i, y| d.isa().run(Row { gate, x: &x[2 * cols * i..][..2 * cols], y }));
}
