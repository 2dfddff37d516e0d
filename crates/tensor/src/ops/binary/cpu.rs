use super::BinaryOp;
use crate::CpuDevice;
use crate::simd::map::{Map, Zip, map, zip};
use crate::simd::{Kernel, Simd, math};

/// Elements a task takes.
const CHUNK: usize = 16 << 10;

#[derive(Clone, Copy)]
struct Op(BinaryOp);

impl Zip for Op {
    #[inline(always)]
    fn eval<S: Simd>(self, s: S, x: S::V, y: S::V) -> S::V {
        match self.0 {
            BinaryOp::Add => s.add(x, y),
            BinaryOp::Sub => s.sub(x, y),
            BinaryOp::Mul => s.mul(x, y),
            BinaryOp::Swiglu => s.mul(math::silu(s, x), y),
        }
    }
}

/// With one value on the right.
#[derive(Clone, Copy)]
struct With(BinaryOp, f32);

impl Map for With {
    #[inline(always)]
    fn eval<S: Simd>(self, s: S, x: S::V) -> S::V {
        Op(self.0).eval(s, x, s.splat(self.1))
    }
}

/// `y[i] = op(x[i], other[(first + i) % other.len()])`.
struct Part<'a> {
    op: BinaryOp,
    x: &'a [f32],
    other: &'a [f32],
    first: usize,
    y: &'a mut [f32],
}

impl Kernel for Part<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Part { op, x, other, first, y } = self;
        match *other {
            [] => (),
            [value] => map(s, x, y, With(op, value)),
            _ => {
                let mut at = 0;
                while at < y.len() {
                    let other = &other[(first + at) % other.len()..];
                    let n = other.len().min(y.len() - at);
                    zip(s, &x[at..at + n], other, &mut y[at..at + n], Op(op));
                    at += n;
                }
            }
        }
    }
}

/// `y[i] = op(x[i], other[i % other.len()])`.
pub(super) fn binary(d: &CpuDevice, x: &[f32], other: &[f32], op: BinaryOp, y: &mut [f32]) {
    d.pool().chunks(y, CHUNK, |i, y| {
        let first = i * CHUNK;
        d.isa().run(Part { op, x: &x[first..first + y.len()], other, first, y });
    });
}
