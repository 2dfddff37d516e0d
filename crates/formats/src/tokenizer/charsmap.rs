//! SentencePiece's table of replacements: a double array over the bytes of what is replaced (Kanda 2018), then the
//! replacements, each ended by a zero.

use super::vocab::wrong;
use crate::FormatError;

const VALUE: u32 = (1 << 31) - 1;

pub(super) struct CharsMap {
    nodes: Vec<u32>,
    texts: Vec<u8>,
}

impl CharsMap {
    pub fn new(blob: &[u8]) -> Result<Self, FormatError> {
        let bad = || wrong("tokenizer.ggml.precompiled_charsmap does not hold what its first number says");
        let (size, rest) = blob.split_first_chunk::<4>().ok_or_else(bad)?;
        let size = u32::from_le_bytes(*size) as usize;
        let (nodes, texts) = rest.split_at_checked(size).filter(|(_, texts)| !texts.is_empty()).ok_or_else(bad)?;
        if texts.last() != Some(&0) {
            return Err(wrong("the last replacement of tokenizer.ggml.precompiled_charsmap has no end"));
        }
        let (nodes, _) = nodes.as_chunks::<4>();
        Ok(Self { nodes: nodes.iter().map(|b| u32::from_le_bytes(*b)).collect(), texts: texts.to_vec() })
    }

    /// `text` with the longest match at each place replaced. What a text in `kept`, which is sorted, begins with stays as
    /// it is, as in llama.cpp: `<t` of `<think>` before a mark that would have joined the letter.
    pub fn apply(&self, text: &str, kept: &[String]) -> String {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let same = beginning(rest, kept);
            if same > 0 {
                let (begin, end) = rest.split_at_checked(same).unwrap_or((rest, ""));
                out.extend_from_slice(begin.as_bytes());
                rest = end;
                continue;
            }
            let (len, replacement) = match self.longest(rest.as_bytes()) {
                // A match that ends inside a character cannot have been meant
                Some((len, at)) if rest.is_char_boundary(len) => (len, self.text(at)),
                _ => (c.len_utf8(), rest.as_bytes().get(..c.len_utf8()).unwrap_or_default()),
            };
            out.extend_from_slice(replacement);
            rest = rest.get(len..).unwrap_or_default();
        }
        String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }

    fn text(&self, at: u32) -> &[u8] {
        let text = self.texts.get(at as usize..).unwrap_or_default();
        text.split(|b| *b == 0).next().unwrap_or_default()
    }

    /// Length and place of the replacement of the longest match.
    fn longest(&self, text: &[u8]) -> Option<(usize, u32)> {
        let base = |node: u32| (node >> 10) << ((node & (1 << 9)) >> 6);
        let mut index = base(*self.nodes.first()?);
        let mut found = None;
        for (i, byte) in text.iter().enumerate() {
            if *byte == 0 {
                break;
            }
            index ^= u32::from(*byte);
            let Some(&node) = self.nodes.get(index as usize) else { break };
            if node & (1 << 31 | 0xff) != u32::from(*byte) {
                break;
            }
            index ^= base(node);
            if node >> 8 & 1 == 1 {
                let value = self.nodes.get(index as usize).map(|n| n & VALUE);
                found = value.map(|at| (i.saturating_add(1), at)).or(found);
            }
        }
        found
    }
}

/// How many bytes of `text`, in whole characters, some text of a sorted list begins with; its neighbours there know.
fn beginning(text: &str, sorted: &[String]) -> usize {
    let next = sorted.partition_point(|s| s.as_str() <= text);
    let shared = |s: &String| s.chars().zip(text.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let near = [next.checked_sub(1), Some(next)].into_iter().flatten();
    near.filter_map(|i| sorted.get(i)).map(shared).max().unwrap_or(0)
}

#[cfg(test)]
#[test]
fn what_begins_like_a_kept_text_is_found_among_its_neighbours() {
    let kept = ["<mask>", "<tab>", "<think>"].map(String::from);
    let lengths = ["<t\u{323}", "<th!", "<think>x", "a<t", "<", "", "<z"].map(|text| beginning(text, &kept));
    assert_eq!(lengths, [2, 3, 7, 0, 1, 0, 1]);
}
