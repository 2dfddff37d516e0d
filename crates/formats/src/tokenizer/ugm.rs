//! Unigram: of all ways to cut a text into tokens, the one with the highest sum of scores (Viterbi).

use super::charsmap::CharsMap;
use super::lookup::{Lookup, Prefixes};
use super::vocab::{TokenType, Vocab, wrong};
use crate::gguf::{MetaArray, MetaValue};
use crate::{FormatError, Gguf};

/// How much worse than the worst token an unknown character is.
const UNKNOWN_PENALTY: f32 = 10.0;

pub(super) struct Ugm {
    prefixes: Prefixes,
    scores: Vec<f64>,
    unknown: u32,
    unknown_score: f64,
    map: Option<CharsMap>,
    /// The user-defined tokens, sorted; what begins like one is not replaced.
    kept: Vec<String>,
    space_prefix: bool,
    merge_spaces: bool,
}

#[derive(Clone, Copy)]
struct Best {
    id: u32,
    from: usize,
    score: f64,
}

impl Ugm {
    pub fn new(gguf: &Gguf, vocab: &Vocab) -> Result<Self, FormatError> {
        let mut lookup = Lookup::default();
        let mut worst = f32::MAX;
        for (id, text, ty) in vocab.iter() {
            if ty == TokenType::Normal {
                worst = worst.min(vocab.score(id));
            }
            if matches!(ty, TokenType::Normal | TokenType::UserDefined | TokenType::Unused) && !text.is_empty() {
                lookup.insert(text.as_bytes(), id);
            }
        }
        let score = |(id, _, ty)| if ty == TokenType::UserDefined { 0.0 } else { f64::from(vocab.score(id)) };
        let key = "tokenizer.ggml.precompiled_charsmap";
        let map = match gguf.metadata(key) {
            None => None,
            Some(MetaValue::Array(MetaArray::U8(bytes))) => Some(CharsMap::new(bytes)?),
            Some(MetaValue::Array(MetaArray::I8(bytes))) => {
                Some(CharsMap::new(&bytes.iter().map(|b| b.cast_unsigned()).collect::<Vec<_>>())?)
            }
            Some(_) => return Err(wrong(format!("{key} is no array of bytes"))),
        };
        let user = vocab.iter().filter(|(_, text, ty)| *ty == TokenType::UserDefined && !text.is_empty());
        let mut kept: Vec<String> = user.map(|(_, text, _)| text.to_owned()).collect();
        kept.sort_unstable();
        let flag = |key: &str| Ok(gguf.get_bool(key)?.unwrap_or(false));
        Ok(Self {
            prefixes: lookup.sorted(),
            scores: vocab.iter().map(score).collect(),
            unknown: vocab.unk.ok_or_else(|| wrong("tokenizer.ggml.unknown_token_id is missing"))?,
            unknown_score: f64::from(worst - UNKNOWN_PENALTY),
            map,
            kept,
            space_prefix: flag("tokenizer.ggml.add_space_prefix")?,
            merge_spaces: flag("tokenizer.ggml.remove_extra_whitespaces")?,
        })
    }

    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let text = self.normalize(text);
        let nothing = Best { id: self.unknown, from: 0, score: -f64::MAX };
        let mut best = vec![nothing; text.len().saturating_add(1)];
        if let Some(first) = best.first_mut() {
            first.score = 0.0;
        }
        let offer = |best: &mut Vec<Best>, to: usize, new: Best| {
            if let Some(champion) = best.get_mut(to).filter(|b| new.score > b.score) {
                *champion = new;
            }
        };
        for (from, c) in text.char_indices() {
            let Some(&Best { score: so_far, .. }) = best.get(from) else { break };
            let mut whole_character = false;
            for (len, id) in self.prefixes.of(text.as_bytes().get(from..).unwrap_or_default()) {
                whole_character |= len == c.len_utf8();
                let score = so_far + self.scores.get(id as usize).copied().unwrap_or(0.0);
                offer(&mut best, from.saturating_add(len), Best { id, from, score });
            }
            if !whole_character {
                let score = so_far + self.unknown_score;
                offer(&mut best, from.saturating_add(c.len_utf8()), Best { id: self.unknown, from, score });
            }
        }
        let begin = ids.len();
        let (mut at, mut after_unknown) = (text.len(), false);
        while at > 0 {
            let Some(step) = best.get(at).filter(|b| b.from < at) else { break };
            let unknown = step.id == self.unknown;
            // Unknown characters in a row are one unknown token
            if !(unknown && after_unknown) {
                ids.push(step.id);
            }
            (at, after_unknown) = (step.from, unknown);
        }
        if let Some(new) = ids.get_mut(begin..) {
            new.reverse();
        }
    }

    fn normalize(&self, text: &str) -> String {
        let mapped;
        let text = match &self.map {
            Some(map) => {
                mapped = map.apply(text, &self.kept);
                &mapped
            }
            None => text,
        };
        let mut out = String::with_capacity(text.len().saturating_add(3));
        let (mut begun, mut inside) = (false, false);
        for c in text.chars() {
            if c == ' ' {
                inside = false;
                if !self.merge_spaces {
                    out.push('\u{2581}');
                }
                continue;
            }
            if !inside && ((self.space_prefix && !begun) || self.merge_spaces) {
                out.push('\u{2581}');
                begun = true;
            }
            inside = true;
            out.push(c);
        }
        out
    }
}
