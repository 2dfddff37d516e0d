//! Text to token ids and back, from the vocabulary inside a GGUF file.
//!
//! Two kinds: `gpt2` (byte-level BPE) and `llama` (SentencePiece BPE with byte fallback). Merging is done by the `tokenizers`
//! crate; what reaches it is a description that this module writes from a vocabulary it has checked, because crafted
//! descriptions make that crate panic. Special tokens are cut out here, before it sees the text, and control tokens are
//! not in the vocabulary it gets: text can never become a control token unless the caller asks for it.

mod bytes;
mod describe;
mod detokenizer;
mod pre;
mod specials;
mod vocab;

#[cfg(test)]
mod tests;

pub use detokenizer::Detokenizer;

use crate::error::shown;
use crate::gguf::StrArray;
use crate::{FormatError, Gguf};
use specials::{Piece, Specials};
use vocab::{Kind, TokenType, Vocab};

/// Longest text that is encoded at once, in bytes.
pub const MAX_TEXT: usize = 16 << 20;

/// Texts that end a turn in published models, where the file names no such token.
const TURN_ENDS: &[&str] = &["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|end_of_turn|>", "<|eom_id|>"];

/// A tokenizer, ready to encode.
pub struct Tokenizer {
    kind: Kind,
    engine: tokenizers::pipeline::PipelineTokenizer,
    specials: Specials,
    /// What each token decodes to.
    pieces: StrArray,
    types: Vec<TokenType>,
    space_prefix: bool,
    group_digits: bool,
    bos: Option<u32>,
    eos: Option<u32>,
    eot: Option<u32>,
    ends: Vec<u32>,
    add_bos: bool,
    add_eos: bool,
}

impl Tokenizer {
    /// Builds the tokenizer that a GGUF file describes.
    ///
    /// # Errors
    /// `Vocab` for an inconsistent vocabulary, `Type` and `Limit` for wrong metadata, `Unsupported` for a kind or a
    /// pre-tokenizer that is not read here.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, FormatError> {
        let vocab = Vocab::read(gguf)?;
        let json = describe::describe(gguf, &vocab)?;
        let engine = tokenizers::from_json(&json.text).map_err(|e| engine_error(&e.to_string()))?;
        drop(json.text);

        let eot = match vocab.special_id(gguf, "eot")? {
            Some(id) => Some(id),
            None => TURN_ENDS.iter().find_map(|text| vocab.control(text)),
        };
        let mut ends: Vec<u32> = vocab.eos.into_iter().chain(eot).collect();
        ends.extend(TURN_ENDS.iter().chain(&["<|endoftext|>", "</s>", "<eos>"]).filter_map(|text| vocab.control(text)));
        ends.sort_unstable();
        ends.dedup();
        let spm = vocab.kind == Kind::Spm;
        let flag = |key: &str, default: bool| Ok(gguf.get_bool(key)?.unwrap_or(default));
        Ok(Self {
            kind: vocab.kind,
            engine,
            specials: Specials::new(&vocab)?,
            pieces: vocab.pieces(),
            space_prefix: spm && flag("tokenizer.ggml.add_space_prefix", true)?,
            group_digits: json.group_digits,
            add_bos: vocab.bos.is_some() && flag("tokenizer.ggml.add_bos_token", spm)?,
            add_eos: vocab.eos.is_some() && flag("tokenizer.ggml.add_eos_token", false)?,
            bos: vocab.bos,
            eos: vocab.eos,
            eot,
            ends,
            types: vocab.types,
        })
    }

    /// The ids of `text`, without beginning or end tokens. Special tokens written in the text are plain text unless
    /// `parse_special`.
    ///
    /// # Errors
    /// `Limit` above [`MAX_TEXT`]; `Tokenizer` if the merging engine fails.
    pub fn encode(&self, text: &str, parse_special: bool) -> Result<Vec<u32>, FormatError> {
        if text.len() > MAX_TEXT {
            let (got, max) = (text.len() as u64, MAX_TEXT as u64);
            return Err(FormatError::Limit { at: 0, what: shown("the length of the text"), got, max });
        }
        let mut ids = Vec::new();
        let mut after_special = true;
        for piece in self.specials.split(text, parse_special) {
            match piece {
                Piece::Special(id) => ids.push(id),
                Piece::Text(text) if self.kind == Kind::Spm => {
                    let prefix = if self.space_prefix && after_special { " " } else { "" };
                    self.merge(format!("{prefix}{text}").replace(' ', "\u{2581}"), &mut ids)?;
                }
                Piece::Text(text) if self.group_digits => {
                    for part in pre::group_digits(text) {
                        self.merge(part.to_owned(), &mut ids)?;
                    }
                }
                Piece::Text(text) => self.merge(text.to_owned(), &mut ids)?,
            }
            after_special = matches!(piece, Piece::Special(_));
        }
        Ok(ids)
    }

    fn merge(&self, text: String, ids: &mut Vec<u32>) -> Result<(), FormatError> {
        let encoded = self.engine.encode(text, &Default::default()).wait().map_err(|e| engine_error(&e.to_string()))?;
        let known = |id: &u32| (*id as usize) < self.types.len();
        ids.extend(encoded.iter().flat_map(|e| e.ids()).map(|t| t.id()).filter(known));
        Ok(())
    }

    /// The text of `ids`: control tokens left out, broken UTF-8 replaced.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.text_bytes(*id)).copied().collect();
        let bytes = if self.space_prefix { bytes.strip_prefix(b" ").unwrap_or(&bytes) } else { &bytes };
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// What a token adds to a text: its bytes, nothing for control tokens and ids out of range.
    pub(crate) fn text_bytes(&self, id: u32) -> &[u8] {
        match self.types.get(id as usize) {
            None | Some(TokenType::Control | TokenType::Unknown | TokenType::Unused) => &[],
            Some(_) => self.token_bytes(id),
        }
    }

    /// The bytes that token `id` stands for (a control token's own spelling); empty where there is no such token. Not
    /// always UTF-8 by itself.
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        self.pieces.get(id as usize).unwrap_or_default()
    }

    /// Number of tokens.
    pub fn vocab_size(&self) -> usize {
        self.types.len()
    }

    /// The token that begins a text.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The token that ends a text.
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// The token that ends a turn of a conversation.
    pub fn eot(&self) -> Option<u32> {
        self.eot
    }

    /// Whether generation ends at `id`.
    pub fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// Whether `id` is a control token: never shown, never made from plain text.
    pub fn is_control(&self, id: u32) -> bool {
        matches!(self.types.get(id as usize), Some(TokenType::Control))
    }

    /// Whether the model expects the beginning token before a prompt that a template has not begun with it.
    pub fn add_bos(&self) -> bool {
        self.add_bos
    }

    /// Whether the model expects the end token after a text.
    pub fn add_eos(&self) -> bool {
        self.add_eos
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("kind", &self.kind)
            .field("vocab_size", &self.types.len())
            .finish_non_exhaustive()
    }
}

fn engine_error(message: &str) -> FormatError {
    FormatError::Tokenizer { message: shown(message) }
}
