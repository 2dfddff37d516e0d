//! Cuts special tokens out of a text.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::vocab::{TokenType, Vocab, wrong};
use crate::{FormatError, Gguf};

/// Longest special token that is looked for, in bytes.
const MAX_SPECIAL: usize = 256;

/// Which special tokens swallow the white space beside them. Files do not say; llama.cpp goes by names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strip {
    None,
    /// The mask token, the space before it.
    Mask(&'static str),
    /// Phi-3: all but a few, the space after them.
    Phi3,
}

impl Strip {
    pub fn of(gguf: &Gguf) -> Result<Self, FormatError> {
        let pre = gguf.get_str("tokenizer.ggml.pre")?.unwrap_or_default();
        let arch = gguf.get_str("general.architecture")?.unwrap_or_default();
        let name = gguf.get_str("general.name")?.unwrap_or_default().to_ascii_lowercase();
        let jina = ["jina-v2-de", "jina-v2-es", "jina-v2-code"].iter().any(|p| pre.contains(p));
        Ok(if jina || ["nomic-bert-moe", "jina-bert-v3"].iter().any(|a| arch.contains(a)) {
            Self::Mask("<mask>")
        } else if name.contains("phi-3") || name.contains("phi3") {
            Self::Phi3
        } else if name.contains("modern-bert") {
            Self::Mask("[MASK]")
        } else {
            Self::None
        })
    }

    fn left(self, token: &str) -> bool {
        matches!(self, Self::Mask(mask) if mask == token)
    }

    fn right(self, token: &str) -> bool {
        self == Self::Phi3 && !matches!(token, "<unk>" | "<s>" | "<|endoftext|>")
    }
}

#[derive(Clone, Copy)]
struct Special {
    id: u32,
    /// Only found where the caller trusts the text.
    control: bool,
    strip_left: bool,
    strip_right: bool,
}

/// The tokens that are found by their spelling and never by merging.
pub(super) struct Specials {
    /// For each first byte, the lengths that occur.
    lengths: HashMap<u8, Vec<usize>>,
    tokens: HashMap<Vec<u8>, Special>,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Special(u32),
}

/// `isspace` of C.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

impl Specials {
    pub fn new(vocab: &Vocab, strip: Strip) -> Result<Self, FormatError> {
        let mut lengths: HashMap<u8, Vec<usize>> = HashMap::new();
        let mut tokens = HashMap::new();
        for (id, text, ty) in vocab.iter() {
            let control = match ty {
                TokenType::Control | TokenType::Unknown => true,
                TokenType::UserDefined => false,
                _ => continue,
            };
            let Some(first) = text.as_bytes().first() else { continue };
            if text.len() > MAX_SPECIAL {
                return Err(wrong(format!("the special token {id} has {} bytes, more than {MAX_SPECIAL}", text.len())));
            }
            lengths.entry(*first).or_default().push(text.len());
            let special = Special { id, control, strip_left: strip.left(text), strip_right: strip.right(text) };
            tokens.insert(text.as_bytes().to_vec(), special);
        }
        for list in lengths.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Self { lengths, tokens })
    }

    /// The parts of `text`; control tokens are found only with `controls`. Longer tokens are cut out before shorter ones,
    /// wherever they stand.
    pub fn split<'a>(&self, text: &'a str, controls: bool) -> Vec<Piece<'a>> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        for (at, first) in bytes.iter().enumerate() {
            for len in self.lengths.get(first).into_iter().flatten() {
                let end = at.saturating_add(*len);
                let special = bytes.get(at..end).and_then(|t| self.tokens.get(t));
                if let Some(special) = special.filter(|s| controls || !s.control) {
                    found.push((Reverse(*len), special.id, at, end, *special));
                }
            }
        }
        found.sort_unstable_by_key(|f| (f.0, f.1, f.2));
        // Start to end of what is taken, and the token
        let mut taken: BTreeMap<usize, (usize, Option<u32>)> = BTreeMap::new();
        for (_, id, start, end, special) in found {
            let before = taken.range(..end).next_back().map_or(0, |(_, (end, _))| *end);
            if before > start {
                continue;
            }
            let next = taken.range(end..).next().map_or(bytes.len(), |(start, _)| *start);
            taken.insert(start, (end, Some(id)));
            let spaces = |part: &[u8], right: bool| match right {
                true => part.iter().take_while(|b| is_space(**b)).count(),
                false => part.iter().rev().take_while(|b| is_space(**b)).count(),
            };
            let left = spaces(bytes.get(before..start).unwrap_or_default(), false);
            if special.strip_left && left > 0 {
                taken.insert(start.saturating_sub(left), (start, None));
            }
            let right = spaces(bytes.get(end..next).unwrap_or_default(), true);
            if special.strip_right && right > 0 {
                taken.insert(end, (end.saturating_add(right), None));
            }
        }
        let mut out = Vec::new();
        let mut from = 0usize;
        let mut put = |from: usize, to: usize, special: Option<u32>| {
            out.extend(text.get(from..to).filter(|t| !t.is_empty()).map(Piece::Text));
            out.extend(special.map(Piece::Special));
        };
        for (start, (end, id)) in taken {
            put(from, start, id);
            from = end;
        }
        put(from, text.len(), None);
        out
    }
}
