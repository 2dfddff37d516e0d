use kinora_formats::BlockType;

use super::RopeAppend;
use crate::testing::{Gen, assert_close, cpus, sweep};
use crate::{Persistent, Result, RopeStyle, Tensor, TensorError};

/// A head, normalised and rotated, in f64.
fn turned(x: &[f64], gain: Option<&[f64]>, angles: Option<(&[f64], &[f64], RopeStyle)>) -> Vec<f64> {
    let scale = 1.0 / (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64 + 1e-6).sqrt();
    let x: Vec<f64> = match gain {
        Some(gain) => x.iter().zip(gain).map(|(x, g)| x * scale * g).collect(),
        None => x.to_vec(),
    };
    let mut y = x.clone();
    let Some((cos, sin, style)) = angles else { return y };
    for i in 0..cos.len() {
        let (a, b) = match style {
            RopeStyle::Interleaved => (2 * i, 2 * i + 1),
            RopeStyle::NeoX => (i, i + cos.len()),
        };
        (y[a], y[b]) = (x[a] * cos[i] - x[b] * sin[i], x[a] * sin[i] + x[b] * cos[i]);
    }
    y
}

fn case(g: &mut Gen, d: &crate::Device) -> Result<()> {
    let (kv_heads, pairs) = (g.size(1, 3), g.size(1, 40));
    let (heads, dim) = (kv_heads * g.size(1, 3), 2 * pairs + g.size(0, 9));
    let style = g.pick(&[None, Some(RopeStyle::Interleaved), Some(RopeStyle::NeoX)]);
    let (q_gain, q_gains) = g.tensor(d, &[dim])?;
    let (k_gain, k_gains) = g.tensor(d, &[dim])?;
    let norms = g.flip();
    let mut keys = Persistent::zeros(d, &[20, kv_heads, dim])?;
    let mut values = Persistent::zeros(d, &[20, kv_heads, dim])?;
    let (mut want_k, mut want_v) = (Vec::new(), Vec::new());
    for t in [g.size(1, 6), 1, g.size(1, 3)] {
        let all = heads + 2 * kv_heads;
        let (x, xs) = g.tensor(d, &[t, all * dim])?;
        let (cos, c) = g.tensor(d, &[t, pairs])?;
        let (sin, s) = g.tensor(d, &[t, pairs])?;
        let o = RopeAppend {
            heads,
            kv_heads,
            rope: style.map(|style| (&cos, &sin, style)),
            norms: norms.then_some((&q_gain, &k_gain)),
            eps: 1e-6,
        };
        let q = x.rope_append(&mut keys, &mut values, &o)?;
        let mut want_q = Vec::new();
        for (i, head) in xs.chunks(dim).enumerate() {
            let (token, h) = (i / all, i % all);
            let row = token * pairs..(token + 1) * pairs;
            let angles = style.map(|style| (&c[row.clone()], &s[row], style));
            match h {
                h if h < heads => want_q.extend(turned(head, norms.then_some(&q_gains[..]), angles)),
                h if h < heads + kv_heads => want_k.extend(turned(head, norms.then_some(&k_gains[..]), angles)),
                _ => want_v.extend(head),
            }
        }
        assert_close("queries", &q, &[t, heads, dim], &want_q, 1e-5, 4e-6)?;
        let shape = [keys.len_rows(), kv_heads, dim];
        assert_close("keys", &keys.filled()?, &shape, &want_k, 1e-5, 4e-6)?;
        assert_close("values", &values.filled()?, &shape, &want_v, 0.0, 0.0)?;
    }
    Ok(())
}

#[test]
fn rope_append_equals_the_f64_reference() {
    sweep("rope_append", 32, case);
}

#[test]
fn rounded_caches_get_what_single_operations_append() -> Result<()> {
    let mut g = Gen::new(21);
    for d in cpus().iter().take(1).chain(crate::testing::gpus()) {
        for block in [BlockType::F16, BlockType::Q8_0] {
            let (heads, kv_heads, dim, pairs) = (4, 2, 64, 24);
            let new = || Persistent::zeros_in(d, &[20, kv_heads, dim], block);
            let (mut keys, mut values, mut want_k, mut want_v) = (new()?, new()?, new()?, new()?);
            for t in [5, 1, 1] {
                let (x, _) = g.tensor(d, &[t, 8 * dim])?;
                let (cos, _) = g.tensor(d, &[t, pairs])?;
                let (sin, _) = g.tensor(d, &[t, pairs])?;
                let rope = Some((&cos, &sin, RopeStyle::NeoX));
                let o = RopeAppend { heads, kv_heads, rope, norms: None, eps: 1e-6 };
                x.rope_append(&mut keys, &mut values, &o)?;
                let part = |first: usize| x.narrow(1, first * dim, 2 * dim)?.reshape(&[t, 2, dim]);
                want_k.append(&part(4)?.rope(&cos, &sin, RopeStyle::NeoX)?)?;
                want_v.append(&part(6)?)?;
            }
            for (got, want) in [(&keys, &want_k), (&values, &want_v)] {
                let (got, want) = (pollster::block_on(got.to_bytes())?, pollster::block_on(want.to_bytes())?);
                let differing = got.iter().zip(&want).filter(|(a, b)| a != b).count();
                assert!(
                    got.len() == want.len() && differing * 500 <= got.len(),
                    "{}: {differing} of {} bytes differ",
                    block.name(),
                    got.len()
                );
            }
        }
    }
    Ok(())
}

#[test]
fn a_full_cache_is_named_and_nothing_is_written() -> Result<()> {
    for d in cpus().iter().chain(crate::testing::gpus()) {
        let mut keys = Persistent::zeros(d, &[3, 1, 4])?;
        let mut values = Persistent::zeros(d, &[2, 1, 4])?;
        let o = RopeAppend { heads: 2, kv_heads: 1, rope: None, norms: None, eps: 0.0 };
        let x = Tensor::zeros(d, &[3, 16])?;
        let error = x.rope_append(&mut keys, &mut values, &o);
        assert!(matches!(error, Err(TensorError::Shape { op: "rope_append", arg: "caches", .. })));
        assert_eq!((keys.len_rows(), values.len_rows()), (0, 0));
        assert!(Tensor::zeros(d, &[1, 15])?.rope_append(&mut keys, &mut values, &o).is_err());
    }
    Ok(())
}
