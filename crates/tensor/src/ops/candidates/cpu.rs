use std::cmp::Ordering;

use super::{Candidates, FORBIDDEN, LogitEdits};

pub(super) fn edit(logits: &mut [f32], edits: &LogitEdits<'_>) {
    for e in edits.tokens {
        if let Some(l) = logits.get_mut(e.id as usize) {
            *l = if *l > 0.0 { *l / e.repetition } else { *l * e.repetition } + e.add;
        }
    }
    if let Some(mask) = edits.mask {
        for (logits, word) in logits.chunks_mut(32).zip(mask) {
            for (i, l) in logits.iter_mut().enumerate() {
                if word >> i & 1 == 0 {
                    *l = FORBIDDEN;
                }
            }
        }
    }
}

pub(super) fn argmax(logits: &[f32]) -> u32 {
    let better = |best: (usize, f32), (i, &v): (usize, &f32)| if v > best.1 { (i, v) } else { best };
    logits.iter().enumerate().fold((0, f32::NEG_INFINITY), better).0 as u32
}

/// Highest first, equal ones by id; there are no NaN, and zeros of both signs are equal.
fn order(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal).then(a.0.cmp(&b.0))
}

pub(super) fn top(logits: &[f32], k: usize, temperature: f32) -> Candidates {
    let mut top: Vec<(u32, f32)> = (0..).zip(logits.iter().copied()).filter(|c| c.1 > FORBIDDEN).collect();
    let highest = top.iter().fold(f32::NEG_INFINITY, |m, c| m.max(c.1));
    let sum: f64 = top.iter().map(|c| f64::from((c.1 - highest) / temperature).exp()).sum();
    if k < top.len() {
        top.select_nth_unstable_by(k, order);
        top.truncate(k);
    }
    top.sort_unstable_by(order);
    Candidates { top, log_sum: (f64::from(highest / temperature) + sum.ln()) as f32 }
}
