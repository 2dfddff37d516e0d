//! Byte-level BPE: words, then merges in the order of the file.

use std::collections::HashMap;

use super::lookup::Lookup;
use super::merge::{Symbol, merge};
use super::pre::{PreTokenizer, pre_tokenizer};
use super::split::split;
use super::unicode::{Char, lower};
use super::vocab::{TokenType, Vocab, wrong};
use crate::error::shown;
use crate::{FormatError, Gguf};

const MAX_MERGES: usize = 1 << 22;

/// Left and right token to rank and product.
type Merges = HashMap<(u32, u32), (u32, u32)>;

pub(super) struct Bpe {
    pre: PreTokenizer,
    lookup: Lookup,
    merges: Merges,
    /// The token of each byte that has one.
    bytes: Vec<Option<u32>>,
    words: Words,
}

/// What happens to a text before it is cut into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// Nothing is lost.
    Kept,
    /// White space parts words and is dropped; letters become small where `lowercase` (`tokenizer.ggml.model` is
    /// `whitespace`: embedding models).
    Bare { lowercase: bool },
}

impl Bpe {
    pub fn new(gguf: &Gguf, vocab: &Vocab, pre: &str, words: Words) -> Result<Self, FormatError> {
        let rules = pre_tokenizer(pre)?;
        let mut lookup = Lookup::default();
        for (id, text, ty) in vocab.iter() {
            if let Some(bytes) = plain(vocab, text, ty, rules.raw) {
                lookup.insert(&bytes, id);
            }
        }
        let byte = |b: u8| match rules.raw {
            true => vocab.id(&format!("<0x{b:02X}>")).filter(|id| vocab.ty(*id) == TokenType::Byte),
            false => lookup.get(&[b]),
        };
        let bytes = (0..=255).map(byte).collect();
        let merges = read_merges(gguf, vocab, rules.raw, pre == "kimi-k2")?;
        Ok(Self { pre: rules, lookup, merges, bytes, words })
    }

    pub fn pre(&self) -> PreTokenizer {
        self.pre
    }

    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let Words::Bare { lowercase } = self.words else { return self.stretch(text, ids) };
        let mut word = String::new();
        for c in text.chars().map(Char::of).chain([Char::of(' ')]) {
            if c.space {
                self.stretch(&word, ids);
                word.clear();
            } else {
                word.push(if lowercase { lower(c.c) } else { c.c });
            }
        }
    }

    fn stretch(&self, text: &str, ids: &mut Vec<u32>) {
        let escaped;
        let text = if self.pre.escape_spaces {
            escaped = text.replace(' ', "\u{2581}");
            &escaped
        } else {
            text
        };
        let chars: Vec<Char> = text.chars().map(Char::of).collect();
        let mut rest = text;
        for length in split(&chars, self.pre.steps) {
            let end = rest.char_indices().nth(length).map_or(rest.len(), |(at, _)| at);
            let (word, more) = rest.split_at(end);
            rest = more;
            self.word(word, ids);
        }
    }

    fn word(&self, word: &str, ids: &mut Vec<u32>) {
        let whole = self.pre.whole_words || (self.pre.whole_newlines && word.bytes().all(|b| b == b'\n'));
        if let Some(id) = whole.then(|| self.lookup.get(word.as_bytes())).flatten() {
            ids.push(id);
            return;
        }
        let symbol = |start: usize, part: &[u8]| Symbol { start, len: part.len(), id: self.lookup.get(part) };
        let mut symbols: Vec<Symbol> = match self.pre.raw {
            true => word.char_indices().map(|(at, c)| symbol(at, c.encode_utf8(&mut [0; 4]).as_bytes())).collect(),
            false => word.bytes().enumerate().map(|(at, b)| Symbol { start: at, len: 1, id: self.byte(b) }).collect(),
        };
        merge(&mut symbols, |l, r| self.merges.get(&(l.id?, r.id?)).copied());
        for symbol in symbols.iter().filter(|s| s.len > 0) {
            match symbol.id {
                Some(id) => ids.push(id),
                // Bytes without a token are left out
                None => {
                    let bytes = word.as_bytes().get(symbol.start..symbol.start.saturating_add(symbol.len));
                    ids.extend(bytes.unwrap_or_default().iter().filter_map(|b| self.byte(*b)));
                }
            }
        }
    }

    fn byte(&self, byte: u8) -> Option<u32> {
        self.bytes.get(usize::from(byte)).copied().flatten()
    }
}

/// What a token spells, if plain text may become it.
fn plain(vocab: &Vocab, text: &str, ty: TokenType, raw: bool) -> Option<Vec<u8>> {
    match ty {
        TokenType::Normal | TokenType::UserDefined if raw => Some(text.into()),
        TokenType::Normal | TokenType::UserDefined | TokenType::Unused => vocab.letters(text),
        _ => None,
    }
    .filter(|bytes| !bytes.is_empty())
}

fn read_merges(gguf: &Gguf, vocab: &Vocab, raw: bool, optional: bool) -> Result<Merges, FormatError> {
    let Some(list) = gguf.get_strs("tokenizer.ggml.merges")? else {
        return if optional { Ok(HashMap::new()) } else { Err(wrong("tokenizer.ggml.merges is missing")) };
    };
    if list.len() > MAX_MERGES {
        let (got, max) = (list.len() as u64, MAX_MERGES as u64);
        return Err(FormatError::Limit { at: 0, what: shown("the number of merges"), got, max });
    }
    let mut out = HashMap::with_capacity(list.len());
    let mut product = String::new();
    for (i, merge) in list.iter().enumerate() {
        let merge = std::str::from_utf8(merge).map_err(|_| wrong(format!("merge {i} is not UTF-8")))?;
        let known =
            |text: &str| vocab.id(text).ok_or_else(|| wrong(format!("merge {i} needs {text:?}, which is no token")));
        // The space that parts the two is never the first character, which may itself be a space
        let first = merge.chars().next().map_or(0, char::len_utf8);
        let at = merge.get(first..).and_then(|m| m.find(' ')).map(|at| at.saturating_add(first));
        let (left, right) = at
            .and_then(|at| Some((merge.get(..at)?, merge.get(at.saturating_add(1)..)?)))
            .ok_or_else(|| wrong(format!("merge {i} has no space: {merge:?}")))?;
        product.clear();
        product.extend([left, right]);
        let (l, r, p) = (known(left)?, known(right)?, known(&product)?);
        // A merge that makes a control token, or out of one, must not fire on plain text
        if ![l, r, p].iter().all(|&id| plain(vocab, vocab.text(id), vocab.ty(id), raw).is_some()) {
            continue;
        }
        if out.insert((l, r), (i as u32, p)).is_some() {
            return Err(wrong(format!("merge {i} occurs twice")));
        }
    }
    Ok(out)
}
