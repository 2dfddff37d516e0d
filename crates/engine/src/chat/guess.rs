//! What may come next, guessed without asking the model.

/// Lengths of the newest words that are looked for, the longest first.
const NGRAMS: [usize; 3] = [4, 3, 2];

/// What followed the newest tokens where they stood last before: `n` tokens at most (prompt lookup, Saxena 2023).
pub(super) fn lookup(text: &[u32], n: usize) -> Vec<u32> {
    for length in NGRAMS {
        let Some(start) = text.len().checked_sub(length) else { continue };
        let (before, newest) = (text.get(..text.len() - 1).unwrap_or_default(), text.get(start..).unwrap_or_default());
        let found = before.windows(length).rposition(|window| window == newest);
        if let Some(at) = found {
            let after = text.get(at + length..).unwrap_or_default();
            return after.iter().take(n).copied().collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_before_is_guessed() {
        assert_eq!(lookup(&[1, 2, 3, 4, 5, 9, 1, 2], 3), [3, 4, 5]);
        assert_eq!(lookup(&[7, 1, 2, 8, 7, 1, 2, 9, 1, 2], 2), [9, 1], "the newest place counts");
        assert_eq!(lookup(&[7, 1, 2, 8, 5, 1, 2, 9, 7, 1, 2], 1), [8], "the longest match counts");
        assert_eq!(lookup(&[5, 5, 5], 4), [5]);
        assert!(lookup(&[1, 2, 3], 4).is_empty());
        assert!(lookup(&[], 4).is_empty());
    }
}
