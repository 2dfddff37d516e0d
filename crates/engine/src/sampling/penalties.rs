//! What is done to single logits before any is drawn.

use std::collections::{BTreeMap, BTreeSet};

use super::{Dry, History, PENALTY_WINDOW, Sampling};

/// Repetitions longer than this count as so long.
const LONGEST: usize = 64;

/// Bias and all penalties.
pub(super) fn apply(s: &Sampling, logits: &mut [f32], history: &History) {
    for (token, bias) in &s.logit_bias {
        change(logits, *token, |l| l + bias);
    }
    if s.repetition_penalty != 1.0 {
        let seen: BTreeSet<u32> = history.newest(PENALTY_WINDOW).iter().copied().collect();
        for token in seen {
            change(logits, token, |l| if l > 0.0 { l / s.repetition_penalty } else { l * s.repetition_penalty });
        }
    }
    if s.frequency_penalty != 0.0 || s.presence_penalty != 0.0 {
        let mut counts = BTreeMap::new();
        history.answer().iter().for_each(|token| *counts.entry(*token).or_insert(0u32) += 1);
        for (token, count) in counts {
            change(logits, token, |l| l - s.frequency_penalty * count as f32 - s.presence_penalty);
        }
    }
    if let Some(dry) = &s.dry
        && dry.multiplier > 0.0
    {
        for (token, length) in continuations(dry, history) {
            let power = (length - dry.allowed_length).min(LONGEST) as i32;
            change(logits, token, |l| l - dry.multiplier * dry.base.powi(power));
        }
    }
}

fn change(logits: &mut [f32], token: u32, f: impl Fn(f32) -> f32) {
    if let Some(logit) = logits.get_mut(token as usize) {
        *logit = f(*logit);
    }
}

/// Tokens that would lengthen a repetition of at least the allowed length, and how long the longest is so far.
fn continuations(dry: &Dry, history: &History) -> BTreeMap<u32, usize> {
    let text = history.newest(dry.window);
    let mut found = BTreeMap::new();
    for (end, next) in text.iter().enumerate().skip(1) {
        // how far the tokens before `next` are those at the end of the text
        let pairs = text.get(..end).unwrap_or_default().iter().rev().zip(text.iter().rev());
        let same = pairs.take(LONGEST * 2).take_while(|(a, b)| a == b && !history.breaks(**a));
        let length = same.count();
        if length >= dry.allowed_length.max(1) {
            let longest = found.entry(*next).or_insert(0);
            *longest = length.max(*longest);
        }
    }
    found
}
