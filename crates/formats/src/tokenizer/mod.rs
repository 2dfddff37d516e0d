//! Text to token ids and back, from the vocabulary inside a GGUF file, with the ids that llama.cpp gives.
//!
//! Four kinds: byte-level BPE (`gpt2`; `gemma4` and `whitespace` on text), SentencePiece BPE (`llama`), WordPiece (`bert`) and unigram
//! (`t5`). Special tokens are cut out first, and control tokens are not among those that text can become: text never turns
//! into a control token unless the caller asks for it. All of it is our own code because crafted vocabularies make general
//! libraries panic, loop or silently give other ids.

mod bpe;
mod bytes;
mod charsmap;
mod detokenizer;
mod lookup;
mod merge;
mod pre;
mod specials;
mod split;
mod spm;
mod ugm;
mod unicode;
mod vocab;
mod wpm;

#[cfg(test)]
mod tests;

pub use detokenizer::Detokenizer;

use crate::error::shown;
use crate::gguf::StrArray;
use crate::{FormatError, Gguf};
use specials::{Piece, Specials, Strip};
use vocab::{ENDS, Kind, TokenType, Vocab};

/// Longest text that is encoded at once, in bytes.
pub const MAX_TEXT: usize = 16 << 20;

/// Texts that end a turn in published models, where the file names no such token.
const TURN_ENDS: &[&str] =
    &["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<turn|>", "<|end|>", "<|end_of_turn|>", "<|eom_id|>"];

/// Whether SentencePiece's table of replacements holds what it says.
pub(crate) fn is_charsmap(table: &[u8]) -> bool {
    charsmap::CharsMap::new(table).is_ok()
}

enum Model {
    Bpe(bpe::Bpe),
    Spm(spm::Spm),
    Wpm(wpm::Wpm),
    Ugm(ugm::Ugm),
}

/// A tokenizer, ready to encode.
pub struct Tokenizer {
    kind: Kind,
    model: Model,
    specials: Specials,
    /// What each token decodes to.
    pieces: StrArray,
    types: Vec<TokenType>,
    space_prefix: bool,
    bos: Option<u32>,
    eos: Option<u32>,
    eot: Option<u32>,
    ends: Vec<u32>,
    begin: Option<u32>,
    end: Option<u32>,
}

impl Tokenizer {
    /// Builds the tokenizer that a GGUF file describes.
    ///
    /// # Errors
    /// `Vocab` for an inconsistent vocabulary, `Type` and `Limit` for wrong metadata, `Unsupported` for a kind or a
    /// pre-tokenizer that is not read here.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, FormatError> {
        let vocab = Vocab::read(gguf)?;
        let flag = |key: &str, default: bool| {
            Ok::<_, FormatError>(gguf.get_bool(&format!("tokenizer.ggml.{key}"))?.unwrap_or(default))
        };
        let space_prefix = vocab.kind == Kind::Spm && flag("add_space_prefix", true)?;
        let pre = vocab::pre_name(gguf)?;
        let (mut begins, mut ends_itself) = (vocab.kind == Kind::Spm, vocab.kind == Kind::Ugm);
        let model = match vocab.kind {
            Kind::Bpe { .. } => {
                let words = match vocab.bare_words {
                    true => bpe::Words::Bare { lowercase: flag("normalizer.lowercase", pre != "whitespace")? },
                    false => bpe::Words::Kept,
                };
                let bpe = bpe::Bpe::new(gguf, &vocab, pre, words)?;
                (begins, ends_itself) = (bpe.pre().add_bos, false);
                Model::Bpe(bpe)
            }
            Kind::Spm => Model::Spm(spm::Spm::new(&vocab, space_prefix)),
            Kind::Wpm => {
                let lowercase = flag("normalizer.lowercase", true)?;
                Model::Wpm(wpm::Wpm::new(&vocab, lowercase, flag("normalizer.strip_accents", lowercase)?))
            }
            Kind::Ugm => Model::Ugm(ugm::Ugm::new(gguf, &vocab)?),
        };
        let add_bos = flag("add_bos_token", begins)? || pre == "gemma4" || vocab.kind == Kind::Wpm;
        let add_eos = flag("add_eos_token", ends_itself)?;
        let end = if vocab.kind == Kind::Wpm { vocab.separator } else { vocab.eos.filter(|_| add_eos) };

        let eot = match vocab.special_id(gguf, "eot")? {
            Some(id) => Some(id),
            None => TURN_ENDS.iter().find_map(|text| vocab.control(text)),
        };
        let named = TURN_ENDS.iter().chain(ENDS).filter_map(|text| vocab.control(text));
        let mut ends: Vec<u32> =
            vocab.eos.into_iter().chain(eot).chain(vocab.special_id(gguf, "eom")?).chain(named).collect();
        ends.sort_unstable();
        ends.dedup();
        Ok(Self {
            kind: vocab.kind,
            model,
            specials: Specials::new(&vocab, Strip::of(gguf)?)?,
            pieces: vocab.pieces(),
            space_prefix,
            begin: vocab.bos.filter(|_| add_bos),
            end,
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
    /// `Limit` above [`MAX_TEXT`].
    pub fn encode(&self, text: &str, parse_special: bool) -> Result<Vec<u32>, FormatError> {
        if text.len() > MAX_TEXT {
            let (got, max) = (text.len() as u64, MAX_TEXT as u64);
            return Err(FormatError::Limit { at: 0, what: shown("the length of the text"), got, max });
        }
        let mut ids = Vec::new();
        let mut after_special = true;
        for piece in self.specials.split(text, parse_special) {
            match (piece, &self.model) {
                (Piece::Special(id), _) => ids.push(id),
                (Piece::Text(text), Model::Bpe(model)) => model.encode(text, &mut ids),
                (Piece::Text(text), Model::Spm(model)) => model.encode(text, after_special, &mut ids),
                (Piece::Text(text), Model::Wpm(model)) => model.encode(text, &mut ids),
                (Piece::Text(text), Model::Ugm(model)) => model.encode(text, &mut ids),
            }
            after_special = matches!(piece, Piece::Special(_));
        }
        Ok(ids)
    }

    /// The ids of `text` with the tokens that the model expects before and after it (llama.cpp, `add_special`).
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_framed(&self, text: &str, parse_special: bool) -> Result<Vec<u32>, FormatError> {
        let ids = self.encode(text, parse_special)?;
        Ok(self.begin.into_iter().chain(ids).chain(self.end).collect())
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
        self.begin.is_some()
    }

    /// Whether the model expects the end token after a text.
    pub fn add_eos(&self) -> bool {
        self.end.is_some()
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
