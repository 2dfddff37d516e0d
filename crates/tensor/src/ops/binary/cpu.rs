use super::BinaryOp;
use crate::CpuDevice;

/// Elements a task takes.
const CHUNK: usize = 16 << 10;

/// `y[i] = op(x[i], other[i % other.len()])`.
pub(super) fn binary(d: &CpuDevice, x: &[f32], other: &[f32], op: BinaryOp, y: &mut [f32]) {
    let period = other.len().max(1);
    d.pool().chunks(y, CHUNK, |i, y| {
        let start = i * CHUNK;
        for (j, y) in y.iter_mut().enumerate() {
            let (a, b) = (x[start + j], other[(start + j) % period]);
            *y = match op {
                BinaryOp::Add => a + b,
                BinaryOp::Sub => a - b,
                BinaryOp::Mul => a * b,
                BinaryOp::Swiglu => a / (1.0 + (-a).exp()) * b,
            };
        }
    });
}
