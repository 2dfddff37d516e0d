//! Cuts special tokens out of a text.

use std::collections::HashMap;

use super::vocab::{TokenType, Vocab, wrong};
use crate::FormatError;

/// Longest special token that is looked for, in bytes.
const MAX_SPECIAL: usize = 256;

/// The tokens that are found by their spelling and never by merging.
pub(super) struct Specials {
    /// For each first byte, the lengths that occur, longest first.
    lengths: HashMap<u8, Vec<usize>>,
    /// Spelling to id, and whether it is a control token (only found where the caller trusts the text).
    ids: HashMap<Vec<u8>, (u32, bool)>,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Special(u32),
}

impl Specials {
    pub fn new(vocab: &Vocab) -> Result<Self, FormatError> {
        let mut lengths: HashMap<u8, Vec<usize>> = HashMap::new();
        let mut ids = HashMap::new();
        for (id, text, ty) in vocab.iter() {
            let control = match ty {
                TokenType::Control => true,
                TokenType::UserDefined => false,
                _ => continue,
            };
            let Some(first) = text.as_bytes().first() else { continue };
            if text.len() > MAX_SPECIAL {
                return Err(wrong(format!("the special token {id} has {} bytes, more than {MAX_SPECIAL}", text.len())));
            }
            lengths.entry(*first).or_default().push(text.len());
            ids.insert(text.as_bytes().to_vec(), (id, control));
        }
        for list in lengths.values_mut() {
            list.sort_unstable_by(|a, b| b.cmp(a));
            list.dedup();
        }
        Ok(Self { lengths, ids })
    }

    /// The longest special token that `rest` begins with.
    fn first(&self, rest: &[u8], controls: bool) -> Option<(usize, u32)> {
        self.lengths.get(rest.first()?)?.iter().find_map(|&len| {
            let (id, control) = self.ids.get(rest.get(..len)?)?;
            (controls || !control).then_some((len, *id))
        })
    }

    /// The parts of `text`; control tokens are found only with `controls`.
    pub fn split<'a>(&self, text: &'a str, controls: bool) -> Vec<Piece<'a>> {
        let mut out = Vec::new();
        let (mut from, mut at) = (0, 0);
        let mut put = |from: usize, to: usize, special: Option<u32>| {
            if let Some(t) = text.get(from..to).filter(|t| !t.is_empty()) {
                out.push(Piece::Text(t));
            }
            out.extend(special.map(Piece::Special));
        };
        while let Some(rest) = text.as_bytes().get(at..).filter(|r| !r.is_empty()) {
            match self.first(rest, controls) {
                Some((len, id)) => {
                    put(from, at, Some(id));
                    at = at.saturating_add(len);
                    from = at;
                }
                None => at = at.saturating_add(1),
            }
        }
        put(from, at, None);
        out
    }
}
