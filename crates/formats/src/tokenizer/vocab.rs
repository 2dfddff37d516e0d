//! The vocabulary of a GGUF file, checked before anything is built from it.

use std::collections::HashMap;

use super::bytes;
use crate::error::shown;
use crate::gguf::{MetaArray, MetaValue, StrArray};
use crate::{FormatError, Gguf};

const MAX_TOKENS: u64 = 1 << 20;
const MAX_TOKEN: usize = 1024;

/// How texts become tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Byte-level BPE with a list of merges.
    Bpe,
    /// SentencePiece BPE: the best-scored neighbours merge; unknown characters become bytes.
    Spm,
}

/// `LLAMA_TOKEN_TYPE_*` of llama.cpp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenType {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

/// Checked: as many types as tokens, tokens are distinct UTF-8 of at most 1,024 bytes, special ids exist.
pub(super) struct Vocab<'a> {
    pub kind: Kind,
    tokens: &'a StrArray,
    pub types: Vec<TokenType>,
    pub scores: &'a [f32],
    ids: HashMap<&'a str, u32>,
    pub bos: Option<u32>,
    pub eos: Option<u32>,
    pub unk: Option<u32>,
}

pub(super) fn wrong(message: impl AsRef<str>) -> FormatError {
    FormatError::Vocab { message: shown(message) }
}

impl<'a> Vocab<'a> {
    pub fn read(gguf: &'a Gguf) -> Result<Self, FormatError> {
        let kind = match gguf.get_str("tokenizer.ggml.model")? {
            Some("gpt2") => Kind::Bpe,
            Some("llama") => Kind::Spm,
            Some(other) => {
                let (what, hint) =
                    (shown(format!("the tokenizer kind {other}")), shown("Take a model with gpt2 or llama"));
                return Err(FormatError::Unsupported { what, hint });
            }
            None => return Err(wrong("tokenizer.ggml.model is missing")),
        };
        let tokens = array(gguf, "tokens", |a| if let MetaArray::Str(s) = a { Some(s) } else { None })?;
        let tokens = tokens.ok_or_else(|| wrong("tokenizer.ggml.tokens is missing"))?;
        let n = tokens.len();
        if n == 0 {
            return Err(wrong("it is empty"));
        }
        if n as u64 > MAX_TOKENS {
            let (what, got) = (shown("the number of tokens"), n as u64);
            return Err(FormatError::Limit { at: 0, what, got, max: MAX_TOKENS });
        }
        let scores = array(gguf, "scores", |a| if let MetaArray::F32(s) = a { Some(s.as_slice()) } else { None })?;
        let scores = scores.unwrap_or_default();
        if !scores.is_empty() && scores.len() != n {
            return Err(wrong(format!("{} scores for {n} tokens", scores.len())));
        }
        if let Some(i) = scores.iter().position(|s| s.is_nan()) {
            return Err(wrong(format!("the score of token {i} is not a number")));
        }
        let types = array(gguf, "token_type", |a| if let MetaArray::I32(t) = a { Some(t.as_slice()) } else { None })?;
        let types = read_types(types.unwrap_or_default(), n)?;

        let mut ids = HashMap::new();
        for (i, token) in tokens.iter().enumerate() {
            if token.len() > MAX_TOKEN {
                return Err(wrong(format!("token {i} has {} bytes, more than {MAX_TOKEN}", token.len())));
            }
            let text = std::str::from_utf8(token).map_err(|_| wrong(format!("token {i} is not UTF-8")))?;
            if ids.insert(text, i as u32).is_some() {
                return Err(wrong(format!("token {i} occurs twice: {text:?}")));
            }
            if types.get(i) == Some(&TokenType::Byte) && byte_of(text).is_none() {
                return Err(wrong(format!("token {i} is no byte: {text:?}")));
            }
        }
        let mut vocab = Self { kind, tokens, types, scores, ids, bos: None, eos: None, unk: None };
        let default = |id| (kind == Kind::Spm).then_some(id);
        vocab.bos = vocab.special_id_or(gguf, "bos", default(1))?;
        vocab.eos = vocab.special_id_or(gguf, "eos", default(2))?;
        vocab.unk = vocab.special_id_or(gguf, "unknown", default(0))?;
        for name in ["separator", "padding", "mask", "eot", "eom"] {
            vocab.special_id(gguf, name)?;
        }
        Ok(vocab)
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Text of token `id`; empty where there is none.
    pub fn text(&self, id: u32) -> &'a str {
        self.tokens.get(id as usize).and_then(|t| std::str::from_utf8(t).ok()).unwrap_or_default()
    }

    pub fn ty(&self, id: u32) -> TokenType {
        self.types.get(id as usize).copied().unwrap_or(TokenType::Unused)
    }

    pub fn id(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    /// The control token spelled `text`.
    pub fn control(&self, text: &str) -> Option<u32> {
        self.id(text).filter(|id| self.ty(*id) == TokenType::Control)
    }

    /// All ids with their texts and types.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &'a str, TokenType)> {
        (0..self.len() as u32).map(|id| (id, self.text(id), self.ty(id)))
    }

    /// `tokenizer.ggml.NAME_token_id`, checked to exist.
    pub fn special_id(&self, gguf: &Gguf, name: &str) -> Result<Option<u32>, FormatError> {
        self.special_id_or(gguf, name, None)
    }

    fn special_id_or(&self, gguf: &Gguf, name: &str, default: Option<u32>) -> Result<Option<u32>, FormatError> {
        let id = gguf.get_u32(&format!("tokenizer.ggml.{name}_token_id"))?.or(default);
        match id {
            Some(id) if id as usize >= self.len() => {
                Err(wrong(format!("the {name} token is {id}, and there are {} tokens", self.len())))
            }
            id => Ok(id),
        }
    }

    /// What each token decodes to.
    pub fn pieces(&self) -> StrArray {
        self.iter()
            .map(|(_, text, ty)| match (self.kind, ty) {
                (_, TokenType::Control | TokenType::UserDefined | TokenType::Unknown) => text.as_bytes().to_vec(),
                (_, TokenType::Byte) => byte_of(text).map_or_else(Vec::new, |b| vec![b]),
                (Kind::Spm, _) => text.replace('\u{2581}', " ").into_bytes(),
                (Kind::Bpe, _) => {
                    text.chars().map(bytes::to_byte).collect::<Option<Vec<u8>>>().unwrap_or_else(|| text.into())
                }
            })
            .collect()
    }
}

/// The byte of a token spelled `<0x0A>`.
fn byte_of(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| u8::from_str_radix(digits, 16).ok())?
}

fn read_types(raw: &[i32], n: usize) -> Result<Vec<TokenType>, FormatError> {
    if raw.is_empty() {
        return Ok(vec![TokenType::Normal; n]);
    }
    if raw.len() != n {
        return Err(wrong(format!("{} token types for {n} tokens", raw.len())));
    }
    let one = |(i, t): (usize, &i32)| match t {
        0 | 1 => Ok(TokenType::Normal),
        2 => Ok(TokenType::Unknown),
        3 => Ok(TokenType::Control),
        4 => Ok(TokenType::UserDefined),
        5 => Ok(TokenType::Unused),
        6 => Ok(TokenType::Byte),
        _ => Err(wrong(format!("token {i} has the unknown type {t}"))),
    };
    raw.iter().enumerate().map(one).collect()
}

/// `tokenizer.ggml.NAME` as an array of the type that `pick` wants.
fn array<'a, T>(
    gguf: &'a Gguf,
    name: &str,
    pick: impl Fn(&'a MetaArray) -> Option<T>,
) -> Result<Option<T>, FormatError> {
    match gguf.metadata(&format!("tokenizer.ggml.{name}")) {
        None => Ok(None),
        Some(MetaValue::Array(a)) => {
            let error = || wrong(format!("tokenizer.ggml.{name} is an array of {}", a.element_name()));
            pick(a).map(Some).ok_or_else(error)
        }
        Some(other) => Err(wrong(format!("tokenizer.ggml.{name} is a {}", other.type_name()))),
    }
}
