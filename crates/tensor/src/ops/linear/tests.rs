use kinora_formats::BlockType;

use crate::testing::{assert_close, compare, cpus, is_exact, sweep};
use crate::{Device, Result, Tensor, TensorError};

/// x [m, k] · wᵀ, w [n, k], plus bias.
fn reference(x: &[f64], w: &[f64], bias: Option<&[f64]>, k: usize) -> Vec<f64> {
    let dot = |x: &[f64], w: &[f64]| x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
    let row = |x: &[f64]| -> Vec<f64> {
        w.chunks(k).enumerate().map(|(j, w)| dot(x, w) + bias.map_or(0.0, |b| b[j])).collect()
    };
    x.chunks(k).flat_map(row).collect()
}

/// How far rounding each block of 32 activations to 8 bits can move each output: half a step times Σ|w|.
fn rounding(x: &[f64], w: &[f64], k: usize) -> Vec<f64> {
    let bound = |x: &[f64], w: &[f64]| -> f64 {
        let step = |b: &[f64]| b.iter().fold(0.0, |m: f64, v| m.max(v.abs())) / 127.0;
        x.chunks(32).zip(w.chunks(32)).map(|(x, w)| step(x) * 0.51 * w.iter().map(|w| w.abs()).sum::<f64>()).sum()
    };
    x.chunks(k).flat_map(|x| w.chunks(k).map(move |w| bound(x, w))).collect()
}

#[test]
fn linear_equals_the_f64_reference_for_every_block_type() {
    sweep("linear", 12, |g, d| {
        for block in BlockType::ALL {
            let m = g.pick(&[1, 2, 3, 5, 8, 9, 31, 64, 70]);
            let k = block.block_len() * if block.block_len() == 1 { g.size(1, 400) } else { g.size(1, 5) };
            let n = g.size(1, 90);
            let (x, xs) = g.tensor(d, &[m, k])?;
            let (w, ws) = g.weight(d, block, [n, k])?;
            let (bias, biases) = g.tensor(d, &[n])?;
            let bias = g.flip().then_some((bias, biases));
            let want = reference(&xs, &ws, bias.as_ref().map(|b| &b.1[..]), k);
            let got = x.linear(&w, bias.as_ref().map(|b| &b.0))?;
            assert_eq!(got.shape(), [m, n]);
            let got = pollster::block_on(got.to_vec())?;
            let slack = rounding(&xs, &ws, k);
            let may_round = !is_exact(d) && block.block_len() > 1 && matches!(d, Device::Cpu(_));
            // rounding of sums of k terms, each about as large as the weights
            let rms = (ws.iter().map(|w| w * w).sum::<f64>() / ws.len() as f64).sqrt();
            let own = 2e-6 * (k as f64).sqrt() * (2.0 * rms).max(1.0) + 1e-6;
            let what = format!("{} {m}×{k}×{n}", block.name());
            compare(&what, &[m, n], &got, &want, |i, want| {
                own + 2e-6 * want.abs() + if may_round { slack[i] } else { 0.0 }
            });
        }
        Ok(())
    });
}

#[test]
fn linear_keeps_the_leading_dimensions() {
    sweep("linear_rank", 4, |g, d| {
        let (k, n) = (g.size(1, 40), g.size(1, 40));
        let (x, xs) = g.tensor(d, &[2, 3, 5, k])?;
        let (w, ws) = g.tensor(d, &[n, k])?;
        assert_close("linear", &x.linear(&w, None)?, &[2, 3, 5, n], &reference(&xs, &ws, None, k), 2e-5, 2e-6)
    });
}

#[test]
fn a_large_linear_spans_several_blocks_of_the_kernel() {
    sweep("linear_large", 1, |g, d| {
        for (m, k, n) in [(150, 700, 40), (300, 65, 100), (7, 1100, 130)] {
            let (x, xs) = g.tensor(d, &[m, k])?;
            for block in [BlockType::F32, BlockType::F16] {
                let (w, ws) = g.weight(d, block, [n, k])?;
                let want = reference(&xs, &ws, None, k);
                assert_close("linear", &x.linear(&w, None)?, &[m, n], &want, 1e-4, 2e-6)?;
            }
        }
        Ok(())
    });
}

/// The same weight twice: the second call finds it packed.
#[test]
fn a_packed_weight_gives_the_same_result_again() -> Result<()> {
    for d in cpus() {
        let mut g = crate::testing::Gen::new(7);
        let (x, _) = g.tensor(d, &[40, 96])?;
        let (w, _) = g.weight(d, BlockType::F16, [50, 96])?;
        let (first, second) = (x.linear(&w, None)?, x.linear(&w, None)?);
        assert_eq!(pollster::block_on(first.to_vec())?, pollster::block_on(second.to_vec())?);
        assert!(crate::cpu::is_kept(&w), "packed at the first use");
    }
    Ok(())
}

#[test]
fn rows_of_a_quantised_weight_can_be_taken() {
    sweep("linear_rows", 2, |g, d| {
        for block in [BlockType::F16, BlockType::Q8_0, BlockType::Q4_0] {
            if matches!(d, Device::Gpu(_)) {
                continue;
            }
            let (w, ws) = g.weight(d, block, [12, 64])?;
            let (x, xs) = g.tensor(d, &[30, 64])?;
            let part = w.narrow(0, 4, 5)?;
            let want = reference(&xs, &ws[4 * 64..9 * 64], None, 64);
            assert_close("linear of rows", &x.linear(&part, None)?, &[30, 5], &want, 2e-1, 1e-5)?;
        }
        Ok(())
    });
}

#[test]
fn linear_names_a_weight_of_another_width() -> Result<()> {
    let d = &cpus()[0];
    let error = Tensor::zeros(d, &[2, 4])?.linear(&Tensor::zeros(d, &[3, 5])?, None);
    assert!(matches!(error, Err(TensorError::Shape { op: "linear", arg: "w", .. })));
    Ok(())
}
