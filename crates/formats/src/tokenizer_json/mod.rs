//! `tokenizer.json` of Hugging Face's `tokenizers`: read whole, checked, and described.
//!
//! Models run with the tokenizer inside their GGUF file, so nothing is encoded here. What is refused is what makes the
//! library itself panic, loop, take memory without end or silently give other ids.

mod pattern;
mod schema;
mod steps;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::FormatError;
use crate::error::shown;
use schema::{Added, File, Model, Truncation, Vocab};
use steps::Place;

/// Longest file, in bytes. Published ones have up to 34 MB.
pub const MAX_BYTES: usize = 128 << 20;
/// Ids are below this: tables of ids are as long as the largest id.
const MAX_ID: u32 = 1 << 22;

/// What a checked `tokenizer.json` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizerJson {
    /// `BPE`, `WordPiece`, `WordLevel` or `Unigram`.
    pub model: &'static str,
    /// Tokens of the vocabulary.
    pub tokens: usize,
    /// Merges of BPE.
    pub merges: usize,
    /// Tokens that are found by their spelling.
    pub added: usize,
}

fn wrong(message: impl AsRef<str>) -> FormatError {
    FormatError::Tokenizer { message: shown(message) }
}

impl TokenizerJson {
    /// Reads and checks a whole file.
    ///
    /// # Errors
    /// `Tokenizer` for what is no tokenizer, contradicts itself, or could not be used within sane time and memory.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > MAX_BYTES {
            return Err(wrong(format!("it has {} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        let file: File<'_> = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
        let added = file.added_tokens.unwrap_or_default();
        check_added(&added)?;
        file.truncation.as_ref().map_or(Ok(()), check_truncation)?;
        let slots = [
            (Place::Normalizer, &file.normalizer),
            (Place::PreTokenizer, &file.pre_tokenizer),
            (Place::PostProcessor, &file.post_processor),
            (Place::Decoder, &file.decoder),
        ];
        for (place, step) in slots {
            step.as_ref().map_or(Ok(()), |step| steps::check(place, step))?;
        }
        let (model, tokens) = check_model(&file.model, &added)?;
        let merges = file.model.merges.as_ref().map_or(0, Vec::len);
        Ok(Self { model, tokens, merges, added: added.len() })
    }
}

fn check_added(added: &[Added]) -> Result<(), FormatError> {
    for token in added {
        if token.content.is_empty() {
            return Err(wrong(format!("the added token {} is empty", token.id)));
        }
        check_id(&token.content, token.id)?;
    }
    Ok(())
}

fn check_id(token: &str, id: u32) -> Result<(), FormatError> {
    if id >= MAX_ID {
        return Err(wrong(format!("the token {token:?} has the id {id}, and ids end at {MAX_ID}")));
    }
    Ok(())
}

fn check_truncation(truncation: &Truncation) -> Result<(), FormatError> {
    if truncation.max_length > 0 && truncation.stride >= truncation.max_length {
        let (stride, length) = (truncation.stride, truncation.max_length);
        return Err(wrong(format!("truncation steps {stride} tokens on in pieces of {length}")));
    }
    Ok(())
}

/// Name of the model and number of its tokens.
fn check_model(model: &Model, added: &[Added]) -> Result<(&'static str, usize), FormatError> {
    if model.dropout.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
        return Err(wrong("dropout is no probability"));
    }
    // The oldest files do not name the model
    let guess = match (&model.vocab, &model.merges) {
        (Vocab::Scored(_), _) => "Unigram",
        (_, Some(_)) => "BPE",
        _ => "WordPiece",
    };
    let name = model.r#type.as_deref().unwrap_or(guess);
    match (name, &model.vocab) {
        ("Unigram", Vocab::Scored(pieces)) => {
            if let Some((piece, score)) = pieces.iter().find(|(_, score)| !(*score as f32).is_finite()) {
                return Err(wrong(format!("the token {:?} has the score {score}", piece.0)));
            }
            if model.unk_id.is_some_and(|id| id >= pieces.len()) {
                return Err(wrong("the unknown token is outside the vocabulary"));
            }
            Ok(("Unigram", pieces.len()))
        }
        ("BPE" | "WordPiece" | "WordLevel", Vocab::Ids(tokens)) => {
            let texts = check_ids(tokens)?;
            if let Some(unknown) = model.unk_token.as_deref()
                && !texts.contains(unknown)
                && !added.iter().any(|a| a.content == unknown)
            {
                return Err(wrong(format!("the unknown token {unknown:?} is no token")));
            }
            let name = match name {
                "BPE" => {
                    check_merges(model, &texts)?;
                    "BPE"
                }
                "WordPiece" => "WordPiece",
                _ => "WordLevel",
            };
            Ok((name, tokens.len()))
        }
        ("BPE" | "WordPiece" | "WordLevel" | "Unigram", _) => Err(wrong(format!("its vocabulary is none of {name}"))),
        (other, _) => Err(wrong(format!("the model {other:?} is unknown"))),
    }
}

/// All tokens, which are distinct and have distinct ids.
fn check_ids<'a>(tokens: &'a [(schema::Text<'a>, u32)]) -> Result<HashSet<&'a str>, FormatError> {
    let mut ids = HashSet::with_capacity(tokens.len());
    let mut texts = HashSet::with_capacity(tokens.len());
    for (text, id) in tokens {
        check_id(&text.0, *id)?;
        if !ids.insert(*id) {
            return Err(wrong(format!("two tokens have the id {id}")));
        }
        if !texts.insert(text.0.as_ref()) {
            return Err(wrong(format!("the token {:?} occurs twice", text.0)));
        }
    }
    Ok(texts)
}

/// Both parts of each merge and what it makes are tokens.
fn check_merges(model: &Model, tokens: &HashSet<&str>) -> Result<(), FormatError> {
    let prefix = model.continuing_subword_prefix.as_deref().unwrap_or_default();
    let mut product = String::new();
    for (i, merge) in model.merges.iter().flatten().enumerate() {
        let (left, right) = merge.parts().ok_or_else(|| wrong(format!("merge {i} is no pair of tokens")))?;
        product.clear();
        product.extend([left, right.strip_prefix(prefix).unwrap_or(right)]);
        for text in [left, right, &product] {
            if !tokens.contains(text) {
                return Err(wrong(format!("merge {i} needs {text:?}, which is no token")));
            }
        }
    }
    Ok(())
}
