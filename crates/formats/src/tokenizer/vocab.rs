//! The vocabulary of a GGUF file, checked before anything is built from it.

use std::collections::HashMap;

use super::bytes;
use super::pre::pre_tokenizer;
use crate::error::shown;
use crate::gguf::{MetaArray, MetaValue, StrArray};
use crate::{FormatError, Gguf};

const MAX_TOKENS: u64 = 1 << 20;
const MAX_TOKEN: usize = 1024;

/// Tokens that end a turn, whatever type the file gives them (llama.cpp, `special_eog_ids`).
pub(super) const ENDS: &[&str] = &[
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
];
/// Tokens for filling in the middle of code.
const CONTROLS: &[&str] = &[
    "<|fim_prefix|>",
    "<fim-prefix>",
    "<fim_prefix>",
    "<｜fim▁begin｜>",
    "<PRE>",
    "▁<PRE>",
    "<|code_prefix|>",
    "<|prefix|>",
    "<|fim_suffix|>",
    "<fim-suffix>",
    "<fim_suffix>",
    "<｜fim▁hole｜>",
    "<SUF>",
    "▁<SUF>",
    "<|code_suffix|>",
    "<|suffix|>",
    "<|fim_middle|>",
    "<fim-middle>",
    "<fim_middle>",
    "<｜fim▁end｜>",
    "<MID>",
    "▁<MID>",
    "<|code_middle|>",
    "<|middle|>",
    "<|fim_pad|>",
    "<fim-pad>",
    "<fim_pad>",
    "<PAD>",
    "[PAD]",
    "<|fim_repo|>",
    "<|repo_name|>",
    "<fim-repo>",
    "<REPO>",
    "<reponame>",
    "<|file_sep|>",
];
/// Tokens of the gpt-oss format that a reader of the answer must see.
const HARMONY: &[&str] = &["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

/// How texts become tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// BPE with a list of merges; of bytes, or of text where `raw`.
    Bpe { raw: bool },
    /// SentencePiece BPE: the best-scored neighbours merge; unknown characters become bytes.
    Spm,
    /// WordPiece: the longest token first.
    Wpm,
    /// Unigram: the best sum of scores.
    Ugm,
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
    /// White space only parts words (`whitespace`).
    pub bare_words: bool,
    tokens: &'a StrArray,
    pub types: Vec<TokenType>,
    pub scores: &'a [f32],
    ids: HashMap<&'a str, u32>,
    pub bos: Option<u32>,
    pub eos: Option<u32>,
    pub unk: Option<u32>,
    pub separator: Option<u32>,
}

pub(super) fn wrong(message: impl AsRef<str>) -> FormatError {
    FormatError::Vocab { message: shown(message) }
}

impl<'a> Vocab<'a> {
    pub fn read(gguf: &'a Gguf) -> Result<Self, FormatError> {
        let model = gguf.get_str("tokenizer.ggml.model")?;
        let kind = match model {
            Some("gpt2" | "whitespace") => Kind::Bpe { raw: pre_tokenizer(pre_name(gguf)?)?.raw },
            Some("gemma4") => Kind::Bpe { raw: true },
            Some("llama") => Kind::Spm,
            Some("bert") => Kind::Wpm,
            Some("t5") => Kind::Ugm,
            Some(other) => {
                let (what, hint) = (
                    shown(format!("the tokenizer kind {other}")),
                    shown("Take a model whose tokenizer.ggml.model is gpt2, gemma4, whitespace, llama, bert or t5"),
                );
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
        let bare_words = model == Some("whitespace");
        let (bos, eos, unk, separator) = (None, None, None, None);
        let mut vocab = Self { kind, bare_words, tokens, types, scores, ids, bos, eos, unk, separator };
        vocab.promote();
        // What llama.cpp takes where the file does not say
        let (bos, eos, unk, separator) = match kind {
            Kind::Bpe { .. } => (None, None, None, None),
            Kind::Spm => (Some(1), Some(2), Some(0), None),
            Kind::Wpm => (Some(101), None, Some(100), Some(102)),
            Kind::Ugm => (None, Some(1), Some(2), None),
        };
        vocab.bos = vocab.special_id_or(gguf, "bos", bos)?;
        vocab.eos = vocab.special_id_or(gguf, "eos", eos)?;
        vocab.unk = vocab.special_id_or(gguf, "unknown", unk)?;
        // llama.cpp's key is misspelt, as its files are
        let separator = vocab.special_id_or(gguf, "seperator", separator)?;
        vocab.separator = vocab.special_id_or(gguf, "separator", separator)?;
        for name in ["padding", "mask", "eot", "eom"] {
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

    /// The score of token `id`; 0 where the file has none.
    pub fn score(&self, id: u32) -> f32 {
        self.scores.get(id as usize).copied().unwrap_or(0.0)
    }

    /// The bytes of a token that is spelled in GPT-2's letters.
    pub fn letters(&self, text: &str) -> Option<Vec<u8>> {
        text.chars().map(bytes::to_byte).collect()
    }

    /// Sets the types that published files often have wrong, by the names that llama.cpp knows.
    fn promote(&mut self) {
        let set = |types: &mut Vec<TokenType>, id: Option<&u32>, to: TokenType| {
            if let Some(ty) = id.and_then(|id| types.get_mut(*id as usize)) {
                *ty = to;
            }
        };
        for name in CONTROLS.iter().chain(ENDS) {
            set(&mut self.types, self.ids.get(name), TokenType::Control);
        }
        for name in HARMONY {
            set(&mut self.types, self.ids.get(name), TokenType::UserDefined);
        }
        let has = |name: &str| self.ids.contains_key(name);
        if has("<|end|>") && ((has("<|return|>") && has("<|call|>")) || (has("<|calls|>") && has("<|flush|>"))) {
            set(&mut self.types, self.ids.get("<|end|>"), TokenType::UserDefined);
        }
        if has("<|tool_response>") || has("<|plamo:eos|>") {
            set(&mut self.types, self.ids.get("</s>"), TokenType::Normal);
        }
    }

    /// What each token decodes to.
    pub fn pieces(&self) -> StrArray {
        self.iter()
            .map(|(_, text, ty)| match (self.kind, ty) {
                (_, TokenType::Control | TokenType::UserDefined | TokenType::Unknown) => text.as_bytes().to_vec(),
                (_, TokenType::Byte) => byte_of(text).map_or_else(Vec::new, |b| vec![b]),
                (Kind::Bpe { raw: false }, _) => self.letters(text).unwrap_or_else(|| text.into()),
                _ => text.replace('\u{2581}', " ").into_bytes(),
            })
            .collect()
    }
}

/// `tokenizer.ggml.pre`; some converters write none.
pub(super) fn pre_name(gguf: &Gguf) -> Result<&str, FormatError> {
    match gguf.get_str("tokenizer.ggml.model")? {
        Some("gemma4") => Ok("gemma4"),
        _ => Ok(gguf.get_str("tokenizer.ggml.pre")?.unwrap_or("default")),
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
