use super::UnaryOp;
use crate::CpuDevice;
use crate::simd::map::{Map, MapSlice};
use crate::simd::{Simd, math};

/// Elements a task takes.
const CHUNK: usize = 16 << 10;

macro_rules! maps {
    ($($name:ident($($field:ident),*) |$s:ident, $x:ident| $value:expr;)*) => {$(
        #[derive(Clone, Copy)]
        struct $name { $($field: f32),* }
        impl Map for $name {
            #[inline(always)]
            fn eval<S: Simd>(self, $s: S, $x: S::V) -> S::V {
                let Self { $($field),* } = self;
                $value
            }
        }
    )*};
}

maps! {
    Silu() |s, x| math::silu(s, x);
    GeluTanh() |s, x| math::gelu_tanh(s, x);
    GeluErf() |s, x| math::gelu_erf(s, x);
    Relu() |s, x| s.max(s.splat(0.0), x);
    LeakyRelu(slope) |s, x| s.if_greater(s.splat(0.0), x, s.mul(x, s.splat(slope)), x);
    Tanh() |s, x| math::tanh(s, x);
    Sigmoid() |s, x| math::sigmoid(s, x);
    Exp() |s, x| math::exp(s, x);
    Sqrt() |s, x| s.sqrt(x);
    Scale(factor) |s, x| s.mul(x, s.splat(factor));
    AddScalar(value) |s, x| s.add(x, s.splat(value));
    Clamp(lo, hi) |s, x| s.min(s.splat(hi), s.max(s.splat(lo), x));
    Sine(quarter_turns) |s, x| math::sin(s, x, quarter_turns);
}

pub(super) fn unary(d: &CpuDevice, x: &[f32], op: UnaryOp, y: &mut [f32]) {
    match op {
        UnaryOp::Silu => run(d, x, y, Silu {}),
        UnaryOp::GeluTanh => run(d, x, y, GeluTanh {}),
        UnaryOp::GeluErf => run(d, x, y, GeluErf {}),
        UnaryOp::Relu => run(d, x, y, Relu {}),
        UnaryOp::LeakyRelu(slope) => run(d, x, y, LeakyRelu { slope }),
        UnaryOp::Tanh => run(d, x, y, Tanh {}),
        UnaryOp::Sigmoid => run(d, x, y, Sigmoid {}),
        UnaryOp::Exp => run(d, x, y, Exp {}),
        UnaryOp::Sqrt => run(d, x, y, Sqrt {}),
        UnaryOp::Scale(factor) => run(d, x, y, Scale { factor }),
        UnaryOp::AddScalar(value) => run(d, x, y, AddScalar { value }),
        UnaryOp::Clamp(lo, hi) => run(d, x, y, Clamp { lo, hi }),
        UnaryOp::Sin => sine(d, x, y, 0.0, f64::sin),
        UnaryOp::Cos => sine(d, x, y, 1.0, f64::cos),
    }
}

fn run(d: &CpuDevice, x: &[f32], y: &mut [f32], f: impl Map + Sync) {
    d.pool().chunks(y, CHUNK, |i, y| {
        let x = &x[i * CHUNK..][..y.len()];
        d.isa().run(MapSlice { f, x, y });
    });
}

/// Angles that the vector function does not reduce exactly take the scalar one.
fn sine(d: &CpuDevice, x: &[f32], y: &mut [f32], quarter_turns: f32, exact: impl Fn(f64) -> f64 + Sync) {
    d.pool().chunks(y, CHUNK, |i, y| {
        let x = &x[i * CHUNK..][..y.len()];
        d.isa().run(MapSlice { f: Sine { quarter_turns }, x, y: &mut *y });
        for (y, &x) in y.iter_mut().zip(x).filter(|(_, x)| x.abs() > math::SINE_LIMIT) {
            *y = exact(f64::from(x)) as f32;
        }
    });
}
