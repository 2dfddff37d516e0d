use super::BinaryOp;
use crate::testing::{assert_close, cpus, sweep};
use crate::{Result, Tensor, TensorError};

fn reference(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Swiglu => a / (1.0 + (-a).exp()) * b,
    }
}

#[test]
fn binary_functions_equal_the_f64_reference() {
    sweep("binary", 24, |g, d| {
        for op in [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Swiglu] {
            let shape = [g.size(1, 9), g.size(1, 3), g.size(1, 150)];
            let other = g.pick(&[&shape[..], &shape[1..], &shape[2..], &[1]]);
            let (x, xs) = g.tensor(d, &shape)?;
            let (y, ys) = g.tensor(d, other)?;
            let want: Vec<f64> = xs.iter().enumerate().map(|(i, &a)| reference(op, a, ys[i % ys.len()])).collect();
            assert_close(op.name(), &x.binary(&y, op)?, &shape, &want, 1e-6, 1e-6)?;
        }
        Ok(())
    });
}

#[test]
fn large_operands_are_split_over_threads() -> Result<()> {
    for d in cpus() {
        let n = 70_001;
        let x: Vec<f32> = (0..3 * n).map(|i| i as f32).collect();
        let y: Vec<f32> = (0..n).map(|i| (i % 7) as f32).collect();
        let sum = Tensor::from_f32(d, &[3, n], &x)?.add(&Tensor::from_f32(d, &[n], &y)?)?;
        let want: Vec<f64> = (0..3 * n).map(|i| f64::from(x[i] + y[i % n])).collect();
        assert_close("add", &sum, &[3, n], &want, 0.0, 0.0)?;
    }
    Ok(())
}

#[test]
fn a_leading_one_broadcasts_and_a_wrong_length_is_named() -> Result<()> {
    for d in cpus() {
        let x = Tensor::zeros(d, &[4, 2, 3])?;
        let y = Tensor::from_f32(d, &[1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
        let sum = pollster::block_on(x.add(&y)?.to_vec())?;
        assert_eq!(sum[6..12], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let wrong = x.mul(&Tensor::zeros(d, &[2])?);
        assert!(matches!(wrong, Err(TensorError::Shape { op: "mul", arg: "other", .. })));
    }
    Ok(())
}
