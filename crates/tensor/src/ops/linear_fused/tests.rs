use kinora_formats::BlockType;

use super::{Gate, LinearFused};
use crate::testing::{assert_close, compare, cpus, is_exact, sweep};
use crate::{Device, Result, Tensor, TensorError};

#[test]
fn linear_fused_equals_the_f64_reference_in_every_combination() {
    sweep("linear_fused", 40, |g, d| {
        // Rounding of activations on the CPU is tested with `linear`.
        if matches!(d, Device::Cpu(_)) && !is_exact(d) {
            return Ok(());
        }
        let block = g.pick(&BlockType::ALL);
        let m = g.pick(&[1, 1, 2, 3, 5, 13, 70]);
        let k = block.block_len() * if block.block_len() == 1 { g.size(1, 300) } else { g.size(1, 3) };
        let gate = g.pick(&[None, Some(Gate::Silu), Some(Gate::Gelu)]);
        let n = if gate.is_some() { 2 * g.size(1, 45) } else { g.size(1, 90) };
        let (x, xs) = g.tensor(d, &[m, k])?;
        let (w, ws) = g.weight(d, block, [n, k])?;
        let (gain, gains) = g.tensor(d, &[k])?;
        let (bias, biases) = g.tensor(d, &[n])?;
        let out = if gate.is_some() { n / 2 } else { n };
        let (add, adds) = g.tensor(d, &[m, out])?;
        let eps = 1e-5;
        let o = LinearFused {
            norm: g.flip().then_some((&gain, eps)),
            bias: g.flip().then_some(&bias),
            gate,
            add: g.flip().then_some(&add),
        };
        let mut want = Vec::new();
        for (r, x) in xs.chunks(k).enumerate() {
            let scale = 1.0 / (x.iter().map(|v| v * v).sum::<f64>() / k as f64 + f64::from(eps)).sqrt();
            let x: Vec<f64> = match o.norm {
                Some(_) => x.iter().zip(&gains).map(|(x, g)| x * scale * g).collect(),
                None => x.to_vec(),
            };
            let sum = |j: usize| {
                let dot: f64 = x.iter().zip(&ws[j * k..]).map(|(x, w)| x * w).sum();
                dot + o.bias.map_or(0.0, |_| biases[j])
            };
            want.extend((0..out).map(|j| {
                let v = match gate {
                    Some(gate) => crate::ops::gate::reference(gate, sum(j)) * sum(out + j),
                    None => sum(j),
                };
                v + o.add.map_or(0.0, |_| adds[r * out + j])
            }));
        }
        let got = x.linear_fused(&w, &o)?;
        assert_eq!(got.shape(), [m, out]);
        let got = pollster::block_on(got.to_vec())?;
        // A product of two sums of k terms, each as large as √k.
        let rms = (ws.iter().map(|w| w * w).sum::<f64>() / ws.len() as f64).sqrt();
        let own = 4e-6 * k as f64 * (2.0 * rms).powi(2).max(1.0) + 4e-6;
        compare(&format!("{} {m}×{k}×{n} {gate:?}", block.name()), &[m, out], &got, &want, |_, w| {
            own + 4e-6 * w.abs()
        });
        Ok(())
    });
}

#[test]
fn layers_side_by_side_are_those_one_by_one() {
    sweep("side_by_side", 16, |g, d| {
        let (m, k) = (g.pick(&[1, 2, 5, 20]), 256);
        let (x, _) = g.tensor(d, &[m, k])?;
        let (gain, _) = g.tensor(d, &[k])?;
        let norm = g.flip().then_some((&gain, 1e-5));
        let rows = [g.size(1, 40), g.size(1, 40), g.size(1, 9)];
        let layers = [BlockType::Q4_K, BlockType::Q6_K, BlockType::F16]
            .into_iter()
            .zip(rows)
            .map(|(block, n)| Ok((g.weight(d, block, [n, k])?.0, g.tensor(d, &[n])?.0, g.flip())))
            .collect::<Result<Vec<_>>>()?;
        let refs: Vec<_> = layers.iter().map(|(w, bias, with)| (w, with.then_some(bias))).collect();
        let got = x.linear_side_by_side(&refs, norm)?;
        let parts =
            refs.iter().map(|(w, bias)| x.linear_fused(w, &LinearFused { norm, bias: *bias, ..Default::default() }));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let want = Tensor::concat(&parts.iter().collect::<Vec<_>>(), 1)?;
        let want: Vec<f64> = pollster::block_on(want.to_vec())?.into_iter().map(f64::from).collect();
        assert_close("side by side", &got, &[m, rows.iter().sum()], &want, 0.0, 0.0)?;
        assert_close(
            "one alone",
            &x.linear_side_by_side(&refs[..1], norm)?,
            &[m, rows[0]],
            &{
                let alone = pollster::block_on(parts[0].to_vec())?;
                alone.into_iter().map(f64::from).collect::<Vec<_>>()
            },
            0.0,
            0.0,
        )
    });
}

#[test]
fn linear_fused_names_the_argument_that_does_not_fit() -> Result<()> {
    let d = &cpus()[0];
    let (x, w) = (Tensor::zeros(d, &[2, 4])?, Tensor::zeros(d, &[3, 4])?);
    let gated = x.linear_fused(&w, &LinearFused { gate: Some(Gate::Silu), ..Default::default() });
    assert!(matches!(gated, Err(TensorError::Shape { arg: "w", .. })), "an odd number of rows has no halves");
    let added = x.linear_fused(&w, &LinearFused { add: Some(&x), ..Default::default() });
    assert!(matches!(added, Err(TensorError::Shape { arg: "add", .. })));
    let normed =
        x.linear_fused(&w, &LinearFused { norm: Some((&Tensor::zeros(d, &[3])?, 1e-5)), ..Default::default() });
    assert!(matches!(normed, Err(TensorError::Shape { arg: "gain", .. })));
    Ok(())
}
