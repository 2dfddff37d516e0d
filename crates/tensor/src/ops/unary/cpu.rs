use super::UnaryOp;
use crate::CpuDevice;

/// Elements a task takes.
const CHUNK: usize = 16 << 10;

pub(super) fn unary(d: &CpuDevice, x: &[f32], op: UnaryOp, y: &mut [f32]) {
    d.pool().chunks(y, CHUNK, |i, y| {
        let x = &x[i * CHUNK..][..y.len()];
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = eval(op, x));
    });
}

fn eval(op: UnaryOp, x: f32) -> f32 {
    match op {
        UnaryOp::Silu => x / (1.0 + (-x).exp()),
        UnaryOp::GeluTanh => x / (1.0 + (-1.595_769_2 * (x + 0.044715 * x * x * x)).exp()),
        UnaryOp::GeluErf => (f64::from(x) * 0.5 * (1.0 + erf(f64::from(x) / std::f64::consts::SQRT_2))) as f32,
        UnaryOp::Relu => x.max(0.0),
        UnaryOp::LeakyRelu(a) => {
            if x > 0.0 {
                x
            } else {
                a * x
            }
        }
        UnaryOp::Tanh => x.tanh(),
        UnaryOp::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        UnaryOp::Exp => x.exp(),
        UnaryOp::Sin => x.sin(),
        UnaryOp::Cos => x.cos(),
        UnaryOp::Sqrt => x.sqrt(),
        UnaryOp::Scale(a) => x * a,
        UnaryOp::AddScalar(a) => x + a,
        UnaryOp::Clamp(lo, hi) => x.max(lo).min(hi),
    }
}

/// Error function by its Taylor series, and 1 in the tail.
fn erf(x: f64) -> f64 {
    if x.abs() > 5.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}
