//! SentencePiece BPE: the best-scored neighbours merge; characters without a token become bytes.

use super::lookup::Lookup;
use super::merge::{Symbol, merge};
use super::vocab::{TokenType, Vocab};

pub(super) struct Spm {
    lookup: Lookup,
    /// The rank of each token: the best score is 0.
    ranks: Vec<u32>,
    bytes: Vec<Option<u32>>,
    space_prefix: bool,
}

impl Spm {
    pub fn new(vocab: &Vocab, space_prefix: bool) -> Self {
        let mut lookup = Lookup::default();
        for (id, text, ty) in vocab.iter() {
            if matches!(ty, TokenType::Normal | TokenType::UserDefined | TokenType::Unused) && !text.is_empty() {
                lookup.insert(text.as_bytes(), id);
            }
        }
        let byte = |b: u8| {
            let spelled = vocab.id(&format!("<0x{b:02X}>")).filter(|id| vocab.ty(*id) == TokenType::Byte);
            spelled.or_else(|| lookup.get(&[b])).or(vocab.unk)
        };
        let bytes = (0..=255).map(byte).collect();
        Self { lookup, ranks: vocab.scores.iter().map(|s| rank(*s)).collect(), bytes, space_prefix }
    }

    /// `first`: whether the text begins the prompt or follows a special token.
    pub fn encode(&self, text: &str, first: bool, ids: &mut Vec<u32>) {
        let prefix = if self.space_prefix && first { " " } else { "" };
        let text = format!("{prefix}{text}").replace(' ', "\u{2581}");
        let part = |start: usize, len: usize| text.as_bytes().get(start..start.saturating_add(len)).unwrap_or_default();
        let symbol = |(start, c): (usize, char)| {
            let len = c.len_utf8();
            Symbol { start, len, id: self.lookup.get(part(start, len)) }
        };
        let mut symbols: Vec<Symbol> = text.char_indices().map(symbol).collect();
        merge(&mut symbols, |l, r| {
            let id = self.lookup.get(part(l.start, l.len.saturating_add(r.len)))?;
            Some((self.ranks.get(id as usize).copied().unwrap_or_else(|| rank(0.0)), id))
        });
        for symbol in symbols.iter().filter(|s| s.len > 0) {
            match symbol.id {
                Some(id) => ids.push(id),
                None => ids.extend(part(symbol.start, symbol.len).iter().filter_map(|b| self.byte(*b))),
            }
        }
    }

    fn byte(&self, byte: u8) -> Option<u32> {
        self.bytes.get(usize::from(byte)).copied().flatten()
    }
}

/// Higher scores have lower ranks; equal scores equal ones.
fn rank(score: f32) -> u32 {
    // Adding zero makes -0 and 0 the same
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    !ascending
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn better_scores_rank_lower() {
        let scores = [f32::INFINITY, 7.5, 1e-30, 0.0, -1e-30, -2.0, -1e9, f32::NEG_INFINITY];
        assert!(scores.is_sorted_by(|a, b| rank(*a) < rank(*b)));
        assert_eq!(rank(0.0), rank(-0.0));
    }
}
