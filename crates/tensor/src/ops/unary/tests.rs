use super::UnaryOp;
use crate::testing::{assert_close, compare, cpus, sweep};
use crate::{Result, Tensor};

const OPS: [UnaryOp; 14] = [
    UnaryOp::Silu,
    UnaryOp::GeluTanh,
    UnaryOp::GeluErf,
    UnaryOp::Relu,
    UnaryOp::LeakyRelu(0.1),
    UnaryOp::Tanh,
    UnaryOp::Sigmoid,
    UnaryOp::Exp,
    UnaryOp::Sin,
    UnaryOp::Cos,
    UnaryOp::Sqrt,
    UnaryOp::Scale(-1.7),
    UnaryOp::AddScalar(0.3),
    UnaryOp::Clamp(-0.5, 0.75),
];

fn reference(op: UnaryOp, x: f64) -> f64 {
    match op {
        UnaryOp::Silu => x / (1.0 + (-x).exp()),
        UnaryOp::GeluTanh => {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            x / (1.0 + (-2.0 * u).exp())
        }
        UnaryOp::GeluErf => 0.5 * x * erfc(-x / std::f64::consts::SQRT_2),
        UnaryOp::Relu => x.max(0.0),
        UnaryOp::LeakyRelu(a) => x.max(0.0) + f64::from(a) * x.min(0.0),
        UnaryOp::Tanh => x.tanh(),
        UnaryOp::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        UnaryOp::Exp => x.exp(),
        UnaryOp::Sin => x.sin(),
        UnaryOp::Cos => x.cos(),
        UnaryOp::Sqrt => x.sqrt(),
        UnaryOp::Scale(a) => x * f64::from(a),
        UnaryOp::AddScalar(a) => x + f64::from(a),
        UnaryOp::Clamp(lo, hi) => x.clamp(f64::from(lo), f64::from(hi)),
    }
}

/// The complementary error function: a Taylor series in the middle, a continued fraction (Lentz) in the tails.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 2.5 {
        let (mut term, mut sum) = (x, x);
        for n in 1..100 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return 1.0 - sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let fraction = (1..200).rev().fold(0.0, |f, n| f64::from(n) / 2.0 / (x + f));
    (-x * x).exp() / (x + fraction) / std::f64::consts::PI.sqrt()
}

#[test]
fn unary_functions_equal_the_f64_reference() {
    sweep("unary", 16, |g, d| {
        for op in OPS {
            let shape = [g.size(1, 5), g.size(1, 301)];
            let (mut x, mut wide) = g.scaled(d, &shape, 3.0)?;
            if op == UnaryOp::Sqrt {
                wide.iter_mut().for_each(|v| *v = v.abs());
                x = Tensor::from_f32(d, &shape, &wide.iter().map(|&v| v as f32).collect::<Vec<_>>())?;
            }
            let want: Vec<f64> = wide.iter().map(|&v| reference(op, v)).collect();
            assert_close(op.name(), &x.unary(op)?, &shape, &want, 1e-6, 2e-6)?;
        }
        Ok(())
    });
}

/// A dense walk over the range, on every instruction set; relative to the value, down to where f32 ends.
#[test]
fn vectorised_functions_keep_a_relative_error_of_a_few_millionths() -> Result<()> {
    let x: Vec<f32> = (-30_000..30_000).map(|i| i as f32 * 1e-3 + 1e-5).collect();
    for d in cpus() {
        let t = Tensor::from_f32(d, &[x.len()], &x)?;
        let ops = [UnaryOp::Silu, UnaryOp::Tanh, UnaryOp::Sigmoid, UnaryOp::Exp, UnaryOp::GeluTanh, UnaryOp::GeluErf];
        for op in ops {
            let want: Vec<f64> = x.iter().map(|&v| reference(op, f64::from(v))).collect();
            let got = pollster::block_on(t.unary(op)?.to_vec())?;
            // Rounding the argument of an exponential is amplified by it, in the tails of the two GELUs by x² and more.
            let bound = |i: usize, want: f64| {
                let tail = f64::from(x[i].min(0.0)).powi(2).min(1e3) * 2e-7;
                let growth = if matches!(op, UnaryOp::GeluTanh | UnaryOp::GeluErf) { tail } else { 0.0 };
                want.abs() * (1e-6 + growth) + 1e-37
            };
            compare(op.name(), &[x.len()], &got, &want, bound);
        }
    }
    Ok(())
}

#[test]
fn extreme_arguments_give_limits_not_nan() -> Result<()> {
    let x = [f32::NEG_INFINITY, -1e30, -200.0, -0.0, 0.0, 200.0, 1e30, f32::INFINITY];
    for d in cpus() {
        let t = Tensor::from_f32(d, &[8], &x)?;
        let exp = pollster::block_on(t.exp()?.to_vec())?;
        assert_eq!(exp, [0.0, 0.0, 0.0, 1.0, 1.0, f32::INFINITY, f32::INFINITY, f32::INFINITY]);
        let tanh = pollster::block_on(t.tanh()?.to_vec())?;
        assert_eq!(tanh, [-1.0, -1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        let silu = pollster::block_on(t.silu()?.to_vec())?;
        assert_eq!(silu[3..], [0.0, 0.0, 200.0, 1e30, f32::INFINITY]);
        assert!(silu[1..3].iter().all(|v| v.abs() < 1e-30), "{silu:?}");
    }
    Ok(())
}

#[test]
fn sine_and_cosine_hold_for_thousands_of_turns() -> Result<()> {
    let x: Vec<f32> = (0..5000).map(|i| (i - 2500) as f32 * 7.31).chain([1e6, -3e7, 1e20]).collect();
    for d in cpus() {
        let t = Tensor::from_f32(d, &[x.len()], &x)?;
        for op in [UnaryOp::Sin, UnaryOp::Cos] {
            let want: Vec<f64> = x.iter().map(|&v| reference(op, f64::from(v))).collect();
            assert_close(op.name(), &t.unary(op)?, &[x.len()], &want, 2e-6, 0.0)?;
        }
    }
    Ok(())
}
