use pollster::block_on;

use super::{FORBIDDEN, LogitEdits, TokenEdit};
use crate::testing::{Gen, cpus, gpus, sweep};
use crate::{Result, Tensor};

/// Logits with many equal values, so that ties are tested; edits and a mask.
fn case(g: &mut Gen, vocab: usize) -> (Vec<f32>, Vec<TokenEdit>, Option<Vec<u32>>) {
    let logits = (0..vocab).map(|_| (g.f32() * 40.0).round() / 2.0).collect();
    let ids: Vec<u32> = (0..vocab as u32).filter(|_| g.size(0, 9) == 0).collect();
    let edits = ids.into_iter().map(|id| TokenEdit { id, repetition: 1.0 + g.f32().abs(), add: g.f32() }).collect();
    let mask = g.flip().then(|| (0..vocab.div_ceil(32)).map(|_| g.bits() as u32).collect());
    (logits, edits, mask)
}

fn edited(logits: &[f32], edits: &[TokenEdit], mask: Option<&[u32]>) -> Vec<f32> {
    let mut want = logits.to_vec();
    for e in edits {
        let l = &mut want[e.id as usize];
        *l = if *l > 0.0 { *l / e.repetition } else { *l * e.repetition } + e.add;
    }
    for (i, l) in want.iter_mut().enumerate() {
        if mask.is_some_and(|m| m[i / 32] >> (i % 32) & 1 == 0) {
            *l = FORBIDDEN;
        }
    }
    want
}

#[test]
fn candidates_are_those_of_a_whole_sort() {
    sweep("candidates", 16, |g, d| {
        let vocab = g.pick(&[1, 7, 300, 1024, 1025, 5000, 40_000]);
        let (logits, edits, mask) = case(g, vocab);
        let x = Tensor::from_f32(d, &[1, vocab], &logits)?;
        let o = LogitEdits { tokens: &edits, mask: mask.as_deref() };
        let want = edited(&logits, &edits, mask.as_deref());
        let got = block_on(x.edit_logits(&o)?.to_vec())?;
        for (i, (g, w)) in got.iter().zip(&want).enumerate() {
            assert!((g - w).abs() <= 2e-6 * w.abs(), "token {i}: {g}, want {w}");
        }
        // From here on with the device's own edits, whose last digits decide between near equals.
        let mut order: Vec<(u32, f32)> = (0..).zip(got.iter().copied()).filter(|c| c.1 > FORBIDDEN).collect();
        order.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap_or(std::cmp::Ordering::Equal).then(a.0.cmp(&b.0)));
        for k in [1, g.size(1, 256), 300] {
            let t = g.pick(&[0.3, 1.0, 2.0]);
            let found = block_on(x.top_candidates(k, &o, t))?;
            assert_eq!(found.top.len(), k.min(order.len()));
            for (f, w) in found.top.iter().zip(&order) {
                assert!(f.0 == w.0 && (f.1 - w.1).abs() <= 1e-6 * w.1.abs(), "{f:?}, want {w:?}");
            }
            let Some(first) = order.first() else { continue };
            let sum: f64 = order.iter().map(|c| (f64::from(c.1 - first.1) / f64::from(t)).exp()).sum();
            let want = f64::from(first.1) / f64::from(t) + sum.ln();
            assert!((f64::from(found.log_sum) - want).abs() <= 2e-5 + 2e-6 * want.abs(), "{} {want}", found.log_sum);
        }
        if let Some(first) = order.first() {
            assert_eq!(block_on(x.edit_logits(&o)?.argmax()?.to_vec_u32())?, [first.0]);
        }
        Ok(())
    });
}

#[test]
fn argmax_feeds_an_embedding_without_a_read() -> Result<()> {
    for d in cpus().iter().chain(gpus()) {
        let x = Tensor::from_f32(d, &[1, 4], &[0.5, f32::NAN, 3.0, 3.0])?;
        let table = Tensor::from_f32(d, &[4, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])?;
        let row = Tensor::embedding(&table, &x.argmax()?)?;
        assert_eq!(block_on(row.to_vec())?, [4.0, 5.0]);
    }
    Ok(())
}

#[test]
fn a_vocabulary_without_an_allowed_token_gives_no_candidate() -> Result<()> {
    for d in cpus().iter().chain(gpus()) {
        let x = Tensor::from_f32(d, &[1, 40], &[1.0; 40])?;
        let o = LogitEdits { tokens: &[], mask: Some(&[0, 0]) };
        assert!(block_on(x.top_candidates(5, &o, 1.0))?.top.is_empty());
        let not_numbers = Tensor::from_f32(d, &[40], &[f32::NAN; 40])?;
        assert!(block_on(not_numbers.top_candidates(5, &LogitEdits::default(), 1.0))?.top.is_empty());
        assert!(block_on(not_numbers.argmax()?.to_vec_u32())?[0] < 40);
    }
    Ok(())
}

#[test]
fn edits_that_do_not_fit_are_refused() -> Result<()> {
    let x = Tensor::zeros(&cpus()[0], &[40])?;
    let edit = |id| TokenEdit { id, repetition: 1.0, add: 0.0 };
    let refused = |o: LogitEdits<'_>| x.edit_logits(&o).is_err() && block_on(x.top_candidates(1, &o, 1.0)).is_err();
    assert!(refused(LogitEdits { tokens: &[edit(3), edit(3)], mask: None }));
    assert!(refused(LogitEdits { tokens: &[edit(40)], mask: None }));
    assert!(refused(LogitEdits { tokens: &[], mask: Some(&[0]) }));
    Ok(())
}
