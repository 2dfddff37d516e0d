//! WordPiece: words are cleaned, then cut into the longest tokens from the left.

use super::lookup::{Lookup, Prefixes};
use super::unicode::{Char, base, lower};
use super::vocab::{TokenType, Vocab};

pub(super) struct Wpm {
    prefixes: Prefixes,
    unknown: Option<u32>,
    lowercase: bool,
    strip_accents: bool,
}

impl Wpm {
    pub fn new(vocab: &Vocab, lowercase: bool, strip_accents: bool) -> Self {
        let mut lookup = Lookup::default();
        for (id, text, ty) in vocab.iter() {
            if matches!(ty, TokenType::Normal | TokenType::UserDefined | TokenType::Unused) && !text.is_empty() {
                lookup.insert(text.as_bytes(), id);
            }
        }
        Self { prefixes: lookup.sorted(), unknown: vocab.unk, lowercase, strip_accents }
    }

    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        for word in self.words(text) {
            let marked = format!("\u{2581}{word}");
            let before = ids.len();
            let mut rest = marked.as_bytes();
            while !rest.is_empty() {
                let Some((length, id)) = self.prefixes.of(rest).last() else {
                    ids.truncate(before);
                    break;
                };
                ids.push(id);
                rest = rest.get(length..).unwrap_or_default();
            }
            if ids.len() == before {
                ids.extend(self.unknown);
            }
        }
    }

    fn words(&self, text: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        for c in text.chars() {
            let c = Char::of(if self.strip_accents { base(c) } else { c });
            if c.space {
                words.push(String::new());
                continue;
            }
            let control = c.category == super::unicode::Category::Control;
            if matches!(c.c, '\0' | '\u{fffd}') || control || (self.strip_accents && c.mark()) {
                continue;
            }
            let shown = if self.lowercase { lower(c.c) } else { c.c };
            if c.punctuation() || (c.c < '\u{7f}' && c.symbol()) || is_chinese(c.c) {
                words.extend([shown.to_string(), String::new()]);
            } else if let Some(word) = words.last_mut() {
                word.push(shown);
            }
        }
        words.retain(|w| !w.is_empty());
        words
    }
}

/// One word each. 0x2b920 is what BERT's own tokenizer says.
fn is_chinese(c: char) -> bool {
    matches!(u32::from(c), 0x4e00..=0x9fff | 0x3400..=0x4dbf | 0x20000..=0x2a6df | 0x2a700..=0x2b73f | 0x2b740..=0x2b81f
        | 0x2b920..=0x2ceaf | 0xf900..=0xfaff | 0x2f800..=0x2fa1f)
}
