//! From texts to tokens.

use std::collections::HashMap;

/// The tokens that plain text may become, by what they spell.
#[derive(Default)]
pub(super) struct Lookup(HashMap<Box<[u8]>, u32>);

impl Lookup {
    pub fn insert(&mut self, text: &[u8], id: u32) {
        self.0.insert(text.into(), id);
    }

    pub fn get(&self, text: &[u8]) -> Option<u32> {
        self.0.get(text).copied()
    }

    /// Ordered, to find every token that a text begins with.
    pub fn sorted(self) -> Prefixes {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_unstable();
        Prefixes(all)
    }
}

/// Tokens in the order of their bytes: all that begin alike lie together.
pub(super) struct Prefixes(Vec<(Box<[u8]>, u32)>);

impl Prefixes {
    /// The tokens that `text` begins with, as (length in bytes, id), shortest first.
    pub fn of<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, u32)> + 'a {
        let mut range = self.0.as_slice();
        text.iter()
            .enumerate()
            .map_while(move |(depth, byte)| {
                let begin = range.partition_point(|(t, _)| t.get(depth) < Some(byte));
                range = range.get(begin..)?;
                let end = range.partition_point(|(t, _)| t.get(depth) == Some(byte));
                range = range.get(..end).filter(|r| !r.is_empty())?;
                let length = depth.saturating_add(1);
                Some(range.first().filter(|(t, _)| t.len() == length).map(|(_, id)| (length, *id)))
            })
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_beginnings_are_found() {
        let mut lookup = Lookup::default();
        for (id, text) in ["a", "abc", "b", "abd", "ac"].iter().enumerate() {
            lookup.insert(text.as_bytes(), id as u32);
        }
        let prefixes = lookup.sorted();
        let of = |text: &str| prefixes.of(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!((of("abcd"), of("ab"), of("x"), of("")), (vec![(1, 0), (3, 1)], vec![(1, 0)], vec![], vec![]));
    }
}
