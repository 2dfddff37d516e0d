use super::Gate;
use crate::testing::{assert_close, cpus, sweep};
use crate::{Result, Tensor};

/// The activation in f64.
pub(in crate::ops) fn reference(gate: Gate, v: f64) -> f64 {
    match gate {
        Gate::Silu => v / (1.0 + (-v).exp()),
        Gate::Gelu => 0.5 * v * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (v + 0.044715 * v.powi(3))).tanh()),
    }
}

#[test]
fn gate_equals_the_f64_reference() {
    sweep("gate", 24, |g, d| {
        let shape = [g.size(1, 3), g.size(1, 5), 2 * g.size(1, 200)];
        let (x, xs) = g.scaled(d, &shape, 4.0)?;
        let cols = shape[2] / 2;
        for gate in [Gate::Silu, Gate::Gelu] {
            let row = |r: &[f64]| (0..cols).map(|c| reference(gate, r[c]) * r[cols + c]).collect::<Vec<_>>();
            let want: Vec<f64> = xs.chunks(2 * cols).flat_map(row).collect();
            assert_close("gate", &x.gate(gate)?, &[shape[0], shape[1], cols], &want, 4e-6, 4e-6)?;
        }
        Ok(())
    });
}

#[test]
fn gate_refuses_an_odd_row() -> Result<()> {
    assert!(Tensor::zeros(&cpus()[0], &[2, 3])?.gate(Gate::Silu).is_err());
    Ok(())
}
