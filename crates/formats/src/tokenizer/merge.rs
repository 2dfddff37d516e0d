//! Joins neighbours, best pair first, until no pair is a token: what BPE and SentencePiece BPE have in common.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

const NONE: usize = usize::MAX;

/// A stretch of the text that is one token, or a character without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    /// First byte, and number of bytes; none once it went into its left neighbour.
    pub start: usize,
    pub len: usize,
    pub id: Option<u32>,
}

/// Merges `symbols`, which follow each other without gaps. `join` gives, for two neighbours, the token they make and its
/// rank; the lowest rank goes first, then the leftmost pair. Symbols that went into another are left with length 0.
pub(super) fn merge(symbols: &mut [Symbol], join: impl Fn(&Symbol, &Symbol) -> Option<(u32, u32)>) {
    let n = symbols.len();
    let mut before: Vec<usize> = (0..n).map(|i| i.checked_sub(1).unwrap_or(NONE)).collect();
    let mut after: Vec<usize> = (1..=n).map(|i| if i < n { i } else { NONE }).collect();
    // (rank, left, right, length of both, product)
    let mut queue = BinaryHeap::new();
    let pair = |symbols: &[Symbol], left: usize, right: usize| {
        let (l, r) = (symbols.get(left)?, symbols.get(right)?);
        let (rank, product) = join(l, r)?;
        Some(Reverse((rank, left, right, l.len.saturating_add(r.len), product)))
    };
    queue.extend((1..n).filter_map(|right| pair(symbols, right.saturating_sub(1), right)));
    while let Some(Reverse((_, left, right, len, product))) = queue.pop() {
        let (Some(l), Some(r)) = (symbols.get(left), symbols.get(right)) else { continue };
        // One of the two has been merged since
        if l.len == 0 || r.len == 0 || l.len.saturating_add(r.len) != len {
            continue;
        }
        if let Some(r) = symbols.get_mut(right) {
            r.len = 0;
        }
        if let Some(l) = symbols.get_mut(left) {
            (l.len, l.id) = (len, Some(product));
        }
        let next = after.get(right).copied().unwrap_or(NONE);
        if let Some(a) = after.get_mut(left) {
            *a = next;
        }
        if let Some(b) = before.get_mut(next) {
            *b = left;
        }
        let previous = before.get(left).copied().unwrap_or(NONE);
        queue.extend(pair(symbols, previous, left));
        queue.extend(pair(symbols, left, next));
    }
}
