use kinora_formats::BlockType;

use super::Attention;
use crate::testing::{assert_close, cpus, gpus, sweep};
use crate::{Persistent, Result, Tensor, TensorError};

struct Case {
    tq: usize,
    heads: usize,
    kv_heads: usize,
    dim: usize,
}

fn reference(
    s: &Case,
    q: &[f64],
    k: &[f64],
    v: &[f64],
    bias: Option<&[f64]>,
    o: &Attention<'_>,
    tk: usize,
) -> Vec<f64> {
    let mut y = vec![0.0; q.len()];
    for t in 0..s.tq {
        for h in 0..s.heads {
            let at = |j: usize| (j * s.kv_heads + h / (s.heads / s.kv_heads)) * s.dim;
            let row = (t * s.heads + h) * s.dim;
            let seen = |j: usize| {
                o.causal.is_none_or(|first| {
                    let last = first + t;
                    j <= last && o.window.is_none_or(|w| last - j < w)
                })
            };
            let logit = |j: usize| {
                let dot: f64 = (0..s.dim).map(|c| q[row + c] * k[at(j) + c]).sum();
                let x = dot * f64::from(o.scale);
                let capped = o.softcap.map_or(x, |cap| f64::from(cap) * (x / f64::from(cap)).tanh());
                capped + bias.map_or(0.0, |b| b[j])
            };
            let logits: Vec<(usize, f64)> = (0..tk).filter(|&j| seen(j)).map(|j| (j, logit(j))).collect();
            let max = logits.iter().map(|l| l.1).fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = logits.iter().map(|l| (l.1 - max).exp()).sum();
            for (j, l) in logits {
                (0..s.dim).for_each(|c| y[row + c] += (l - max).exp() / total * v[at(j) + c]);
            }
        }
    }
    y
}

#[test]
fn attention_equals_the_f64_reference() {
    sweep("attention", 48, |g, d| {
        let kv_heads = g.size(1, 3);
        let dim = g.pick(&[1, 7, 16, 24, 32, 64, 80]);
        let tq = g.pick(&[1, 1, 2, 5, 33, 70]);
        let s = Case { tq, heads: kv_heads * g.size(1, 3), kv_heads, dim };
        let rows = g.size(1, 150);
        let tk = g.size(1, rows);
        let (q, qs) = g.tensor(d, &[s.tq, s.heads, dim])?;
        let (k, ks) = g.tensor(d, &[rows, kv_heads, dim])?;
        let (v, vs) = g.tensor(d, &[rows, kv_heads, dim])?;
        let (bias, biases) = g.tensor(d, &[rows])?;
        let with_bias = g.flip();
        let causal = g.flip().then(|| g.size(0, 40));
        let o = Attention {
            scale: 1.0 / (dim as f32).sqrt(),
            causal,
            window: (causal.is_some() && g.flip()).then(|| g.size(1, 30)),
            key_bias: with_bias.then_some(&bias),
            kv_len: (tk < rows).then_some(tk),
            softcap: g.flip().then_some(0.7),
        };
        let want = reference(&s, &qs, &ks, &vs, with_bias.then_some(&biases[..]), &o, tk);
        assert_close("attention", &q.attention(&k, &v, &o)?, &[s.tq, s.heads, dim], &want, 4e-6, 4e-6)
    });
}

/// Keys and values that lie in a cache of 16 or 8 bits, of which the oldest rows were dropped: as on the widened values.
#[test]
fn attention_reads_rounded_caches() -> Result<()> {
    let mut g = crate::testing::Gen::new(11);
    for d in cpus().iter().chain(gpus()) {
        for _ in 0..12 {
            let block = g.pick(&[BlockType::F16, BlockType::Q8_0]);
            let kv_heads = g.size(1, 3);
            let s = Case {
                tq: g.pick(&[1, 2, 4, 9]),
                heads: kv_heads * g.size(1, 3),
                kv_heads,
                dim: g.pick(&[32, 64, 96]),
            };
            let rows = if g.flip() { g.size(s.tq, 120) } else { g.size(520, 1200) }; // one part, or several
            let dropped = g.size(0, 20);
            let row = [kv_heads, s.dim];
            let mut cache = || -> Result<(Tensor, Vec<f64>)> {
                let mut cache = Persistent::zeros_in(d, &[rows + dropped + 3, row[0], row[1]], block)?;
                let (x, _) = g.tensor(d, &[rows + dropped, row[0], row[1]])?;
                cache.append(&x.narrow(0, 0, dropped + 1)?)?;
                cache.append(&x.narrow(0, dropped + 1, rows - 1)?)?;
                cache.drop_first(dropped)?;
                let bytes = pollster::block_on(cache.to_bytes())?;
                let mut values = vec![0.0f32; rows * row[0] * row[1]];
                kinora_formats::quant::dequantize(block, &bytes, &mut values).expect("whole blocks");
                let mut again = Persistent::zeros_in(d, &[rows + 1, row[0], row[1]], block)?;
                again.set_bytes(&bytes)?;
                assert_eq!(again.len_rows(), rows);
                let x = pollster::block_on(x.narrow(0, dropped, rows)?.to_vec())?;
                let far = x.iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(far < 0.02, "rounding moved a value by {far}");
                Ok((again.view(), values.iter().map(|v| f64::from(*v)).collect()))
            };
            let ((k, ks), (v, vs)) = (cache()?, cache()?);
            let (q, qs) = g.tensor(d, &[s.tq, s.heads, s.dim])?;
            let window = g.flip().then(|| g.size(1, 30));
            let o =
                Attention { scale: 0.2, causal: Some(rows - s.tq), window, kv_len: Some(rows), ..Default::default() };
            let want = reference(&s, &qs, &ks, &vs, None, &o, rows);
            assert_close("attention", &q.attention(&k, &v, &o)?, &[s.tq, s.heads, s.dim], &want, 4e-6, 4e-6)?;
        }
    }
    Ok(())
}

#[test]
fn workgroups_share_long_caches() -> Result<()> {
    let mut g = crate::testing::Gen::new(13);
    for d in gpus() {
        for (tq, window) in [(1, None), (3, None), (4, Some(700)), (1, Some(600)), (2, Some(100))] {
            for block in [BlockType::F32, BlockType::F16, BlockType::Q8_0] {
                let s = Case { tq, heads: 4, kv_heads: 2, dim: 32 };
                let rows = 1500 + g.size(0, 100);
                let mut cache = || -> Result<(Tensor, Vec<f64>)> {
                    let mut cache = Persistent::zeros_in(d, &[rows + 7, 2, 32], block)?;
                    cache.append(&g.tensor(d, &[rows, 2, 32])?.0)?;
                    let bytes = pollster::block_on(cache.to_bytes())?;
                    let mut values = vec![0.0f32; rows * 64];
                    kinora_formats::quant::dequantize(block, &bytes, &mut values).expect("whole blocks");
                    Ok((cache.view(), values.iter().map(|v| f64::from(*v)).collect()))
                };
                let ((k, ks), (v, vs)) = (cache()?, cache()?);
                let (q, qs) = g.tensor(d, &[tq, 4, 32])?;
                let o =
                    Attention { scale: 0.5, causal: Some(rows - tq), window, kv_len: Some(rows), ..Default::default() };
                let want = reference(&s, &qs, &ks, &vs, None, &o, rows);
                assert_close("attention", &q.attention(&k, &v, &o)?, &[tq, 4, 32], &want, 4e-6, 4e-6)?;
            }
        }
    }
    Ok(())
}

/// Adapters that leave loops early without a word must not be given long ones.
#[test]
fn long_caches_of_wide_heads_are_read_to_their_end() -> Result<()> {
    let mut g = crate::testing::Gen::new(17);
    for d in gpus() {
        for (dim, rows, tq) in [(96, 787, 2), (64, 1500, 1), (128, 2000, 6)] {
            let s = Case { tq, heads: 2, kv_heads: 1, dim };
            let ((k, ks), (v, vs)) = (g.tensor(d, &[rows, 1, dim])?, g.tensor(d, &[rows, 1, dim])?);
            let (q, qs) = g.tensor(d, &[tq, 2, dim])?;
            let o = Attention { scale: 0.2, causal: Some(rows - tq), ..Default::default() };
            let want = reference(&s, &qs, &ks, &vs, None, &o, rows);
            assert_close("attention", &q.attention(&k, &v, &o)?, &[tq, 2, dim], &want, 4e-6, 4e-6)?;
        }
    }
    Ok(())
}

#[test]
fn caches_refuse_what_they_cannot_hold() -> Result<()> {
    let d = &cpus()[0];
    assert!(matches!(Persistent::zeros_in(d, &[4, 1, 24], BlockType::Q8_0), Err(TensorError::Unsupported { .. })));
    assert!(matches!(Persistent::zeros_in(d, &[4, 1, 32], BlockType::Q4_0), Err(TensorError::Unsupported { .. })));
    let mut cache = Persistent::zeros_in(d, &[4, 1, 32], BlockType::Q8_0)?;
    for bytes in [33, 34 * 5] {
        assert!(matches!(cache.set_bytes(&vec![0; bytes]), Err(TensorError::Shape { op: "set_bytes", .. })));
    }
    assert!(matches!(cache.drop_first(1), Err(TensorError::Shape { op: "drop_first", .. })));
    Ok(())
}

#[test]
fn large_logits_do_not_overflow_and_a_query_without_keys_is_zero() -> Result<()> {
    for d in cpus() {
        for tq in [1, 40] {
            let q = Tensor::from_f32(d, &[tq, 1, 2], &vec![300.0; tq * 2])?;
            let k = Tensor::from_f32(d, &[2, 1, 2], &[300.0, 300.0, -300.0, -300.0])?;
            let v = Tensor::from_f32(d, &[2, 1, 2], &[1.0, 2.0, 3.0, 4.0])?;
            let y = q.attention(&k, &v, &Attention { scale: 1.0, ..Default::default() })?;
            assert_eq!(pollster::block_on(y.to_vec())?[..2], [1.0, 2.0]);
            let none = Attention { scale: 1.0, kv_len: Some(0), ..Default::default() };
            assert!(pollster::block_on(q.attention(&k, &v, &none)?.to_vec())?.iter().all(|&v| v == 0.0));
        }
    }
    Ok(())
}

#[test]
fn a_key_bias_of_minus_infinity_hides_the_key() -> Result<()> {
    for d in cpus() {
        for tq in [1, 40] {
            let q = Tensor::from_f32(d, &[tq, 1, 2], &vec![1.0; tq * 2])?;
            let k = Tensor::from_f32(d, &[3, 1, 2], &[1.0, 1.0, 9.0, 9.0, 1.0, 1.0])?;
            let v = Tensor::from_f32(d, &[3, 1, 2], &[1.0, 2.0, 30.0, 40.0, 3.0, 4.0])?;
            let bias = Tensor::from_f32(d, &[3], &[0.0, f32::NEG_INFINITY, 0.0])?;
            let o = Attention { scale: 1.0, key_bias: Some(&bias), ..Default::default() };
            assert_eq!(pollster::block_on(q.attention(&k, &v, &o)?.to_vec())?[..2], [2.0, 3.0]);
        }
    }
    Ok(())
}

#[test]
fn attention_names_keys_of_another_width() -> Result<()> {
    let d = &cpus()[0];
    let (q, k) = (Tensor::zeros(d, &[1, 2, 8])?, Tensor::zeros(d, &[1, 2, 4])?);
    let error = q.attention(&k, &k, &Attention::default());
    assert!(matches!(error, Err(TensorError::Shape { op: "attention", arg: "k", .. })));
    Ok(())
}
