//! Tokens to text while they are generated.

use super::Tokenizer;

/// Turns tokens into text one by one and never hands out half a character: bytes wait until they are whole.
#[derive(Clone, Debug, Default)]
pub struct Detokenizer {
    waiting: Vec<u8>,
}

impl Detokenizer {
    /// Nothing is waiting.
    pub fn new() -> Self {
        Self::default()
    }

    /// The text that is complete after token `id`; empty for control tokens and inside a character. Bytes that can no
    /// longer become UTF-8 come out as U+FFFD.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> String {
        self.push_bytes(tokenizer.text_bytes(id))
    }

    fn push_bytes(&mut self, bytes: &[u8]) -> String {
        self.waiting.extend_from_slice(bytes);
        let mut out = String::new();
        let mut kept = 0;
        for chunk in self.waiting.utf8_chunks() {
            out.push_str(chunk.valid());
            kept = chunk.invalid().len();
            if kept > 0 {
                out.push('\u{fffd}');
            }
        }
        // The last invalid bytes may be the beginning of a character
        let split = self.waiting.len().saturating_sub(kept);
        let tail = self.waiting.get(split..).unwrap_or_default().to_vec();
        if could_begin_a_character(&tail) {
            out.pop();
            self.waiting = tail;
        } else {
            self.waiting.clear();
        }
        out
    }

    /// What was still waiting, as U+FFFD; the end of the text.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.waiting)).into_owned()
    }
}

/// Whether `tail`, which is not valid UTF-8, becomes valid with more bytes.
fn could_begin_a_character(tail: &[u8]) -> bool {
    !tail.is_empty() && std::str::from_utf8(tail).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_split_of_a_text_comes_back_whole() {
        let text = "aé你😀 z";
        for size in 1..text.len() {
            let mut d = Detokenizer::new();
            let mut out = String::new();
            for chunk in text.as_bytes().chunks(size) {
                let part = d.push_bytes(chunk);
                assert!(!part.contains('\u{fffd}'));
                out += &part;
            }
            assert_eq!(out + &d.finish(), text);
        }
    }

    #[test]
    fn broken_bytes_become_replacement_characters_at_once() {
        let mut d = Detokenizer::new();
        assert_eq!(d.push_bytes(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(d.push_bytes(b"\xf0\x9f"), "");
        assert_eq!(d.push_bytes(b"x"), "\u{fffd}x");
        assert_eq!(d.push_bytes(b"\xe4"), "");
        assert_eq!(d.finish(), "\u{fffd}");
    }
}
