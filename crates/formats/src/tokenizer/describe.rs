//! Writes the `tokenizer.json` (format 2.0) that the merging engine reads.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::bytes;
use super::pre::{PreTokenizer, pre_tokenizer};
use super::vocab::{Kind, TokenType, Vocab, wrong};
use crate::error::shown;
use crate::{FormatError, Gguf};

const MAX_MERGES: usize = 1 << 22;
/// Bytes that may be hashed to find how SPM tokens fall into two: a token of n bytes costs n².
const MAX_SPLIT_WORK: u64 = 1 << 28;
/// The engine indexes the merges among its first 512 symbols with 16 bits, and panics above.
const DENSE_SYMBOLS: usize = 512;
const MAX_DENSE_MERGES: usize = 65_534;

pub(super) struct Description {
    pub text: String,
    pub group_digits: bool,
}

/// A merge: left, right, product.
type Merge = (u32, u32, u32);

pub(super) fn describe(gguf: &Gguf, vocab: &Vocab) -> Result<Description, FormatError> {
    let (merges, pre) = match vocab.kind {
        Kind::Bpe => {
            let name = gguf.get_str("tokenizer.ggml.pre")?.unwrap_or("default");
            (listed_merges(gguf, vocab)?, pre_tokenizer(name)?)
        }
        Kind::Spm => {
            let json = serde_json::Value::Null;
            (scored_merges(vocab)?, PreTokenizer { json, whole_words: false, group_digits: false })
        }
    };
    check_dense(vocab, &merges)?;

    let mut text = String::from(r#"{"version":"2.0","model":{"type":"BPE","vocab":{"#);
    let known = |id: u32| quoted(vocab.text(id));
    join(&mut text, vocab.iter().filter(|(_, t, ty)| merges_into(vocab.kind, t, *ty)), |(id, t, _)| {
        format!("{}:{id}", quoted(t))
    });
    if vocab.kind == Kind::Bpe {
        for (letter, id) in missing_bytes(vocab).iter().zip(vocab.len()..) {
            let comma = if text.ends_with('{') { "" } else { "," };
            text.push_str(&format!("{comma}{}:{id}", quoted(letter)));
        }
    }
    text.push_str(r#"},"merges":["#);
    join(&mut text, merges.iter(), |(a, b, _)| format!("[{},{}]", known(*a), known(*b)));
    text.push(']');
    let byte_level = vocab.kind == Kind::Bpe;
    text.push_str(&format!(r#","byte_level":{byte_level},"ignore_merges":{}"#, pre.whole_words));
    if vocab.kind == Kind::Spm {
        let fallback =
            (0..=255u8).all(|b| vocab.id(&format!("<0x{b:02X}>")).is_some_and(|id| vocab.ty(id) == TokenType::Byte));
        text.push_str(&format!(r#","byte_fallback":{fallback},"fuse_unk":true"#));
        if let Some(unk) = vocab.unk.filter(|id| vocab.ty(*id) == TokenType::Unknown) {
            text.push_str(&format!(r#","unk_token":{}"#, known(unk)));
        }
    }
    text.push_str(&format!(r#"}},"pre_tokenizer":{}}}"#, pre.json));
    Ok(Description { text, group_digits: pre.group_digits })
}

/// Whether the engine is told about a token. Control tokens are not: text must not merge into one.
fn merges_into(kind: Kind, text: &str, ty: TokenType) -> bool {
    match (kind, ty) {
        _ if text.is_empty() => false,
        (_, TokenType::Control | TokenType::Unused) => false,
        (Kind::Bpe, TokenType::Normal | TokenType::UserDefined) => text.chars().all(|c| bytes::to_byte(c).is_some()),
        (Kind::Bpe, _) => false,
        (Kind::Spm, _) => true,
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn join<T>(out: &mut String, items: impl Iterator<Item = T>, one: impl Fn(T) -> String) {
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&one(item));
    }
}

/// The bytes that UTF-8 text can hold and that have no token. The engine needs one for each: they get ids past the
/// vocabulary, which [`super::Tokenizer::encode`] leaves out, as llama.cpp leaves such bytes out.
fn missing_bytes(vocab: &Vocab) -> Vec<String> {
    let letters = (0..=0xbf).chain(0xc2..=0xf4u8).map(|byte| bytes::to_char(byte).to_string());
    letters.filter(|text| vocab.id(text).is_none_or(|id| !merges_into(Kind::Bpe, text, vocab.ty(id)))).collect()
}

/// The merges of a byte-level vocabulary, in their order.
fn listed_merges(gguf: &Gguf, vocab: &Vocab) -> Result<Vec<Merge>, FormatError> {
    let list = gguf.get_strs("tokenizer.ggml.merges")?.ok_or_else(|| wrong("tokenizer.ggml.merges is missing"))?;
    if list.len() > MAX_MERGES {
        let (got, max) = (list.len() as u64, MAX_MERGES as u64);
        return Err(FormatError::Limit { at: 0, what: shown("the number of merges"), got, max });
    }
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    let mut product = String::new();
    for (i, merge) in list.iter().enumerate() {
        let merge = std::str::from_utf8(merge).map_err(|_| wrong(format!("merge {i} is not UTF-8")))?;
        let known =
            |text: &str| vocab.id(text).ok_or_else(|| wrong(format!("merge {i} needs {text:?}, which is no token")));
        let (left, right) = merge.split_once(' ').ok_or_else(|| wrong(format!("merge {i} has no space: {merge:?}")))?;
        product.clear();
        product.extend([left, right]);
        let merge = (known(left)?, known(right)?, known(&product)?);
        if !seen.insert((merge.0, merge.1)) {
            return Err(wrong(format!("merge {i} occurs twice")));
        }
        // A merge that makes a control token, or out of one, would never fire on plain text
        if [merge.0, merge.1, merge.2].iter().all(|&id| merges_into(Kind::Bpe, vocab.text(id), vocab.ty(id))) {
            out.push(merge);
        }
    }
    Ok(out)
}

/// The merges that a SentencePiece vocabulary implies: each token from each two tokens it consists of, best score first
/// (transformers, `SentencePieceExtractor`).
fn scored_merges(vocab: &Vocab) -> Result<Vec<Merge>, FormatError> {
    let normal: HashMap<&str, u32> =
        vocab.iter().filter(|(_, _, ty)| *ty == TokenType::Normal).map(|(id, text, _)| (text, id)).collect();
    let mut work = 0u64;
    let mut out = Vec::new();
    for (id, text, ty) in vocab.iter() {
        if ty != TokenType::Normal {
            continue;
        }
        let n = text.len() as u64;
        work = work.saturating_add(n.saturating_mul(n));
        if work > MAX_SPLIT_WORK {
            let (what, max) = (shown("the work of splitting long tokens"), MAX_SPLIT_WORK);
            return Err(FormatError::Limit { at: 0, what, got: work, max });
        }
        let start = out.len();
        for (at, _) in text.char_indices().skip(1) {
            let (left, right) = text.split_at(at);
            if let (Some(&l), Some(&r)) = (normal.get(left), normal.get(right)) {
                out.push((l, r, id));
            }
        }
        if let Some(splits) = out.get_mut(start..) {
            splits.sort_unstable();
        }
        if out.len() > MAX_MERGES {
            let (got, max) = (out.len() as u64, MAX_MERGES as u64);
            return Err(FormatError::Limit { at: 0, what: shown("the number of merges"), got, max });
        }
    }
    let score = |m: &Merge| vocab.scores.get(m.2 as usize).copied().unwrap_or(0.0);
    out.sort_by(|a, b| score(b).partial_cmp(&score(a)).unwrap_or(Ordering::Equal));
    Ok(out)
}

/// Refuses the one vocabulary that makes the engine panic: too many merges among its first symbols, which are the tokens
/// that no merge makes, then the products in order.
fn check_dense(vocab: &Vocab, merges: &[Merge]) -> Result<(), FormatError> {
    let products: HashSet<u32> = merges.iter().map(|m| m.2).collect();
    let atoms =
        vocab.iter().filter(|(id, t, ty)| merges_into(vocab.kind, t, *ty) && !products.contains(id)).map(|(id, ..)| id);
    let mut dense: HashSet<u32> = atoms.take(DENSE_SYMBOLS).collect();
    for m in merges {
        if dense.len() >= DENSE_SYMBOLS {
            break;
        }
        dense.insert(m.2);
    }
    let count = merges.iter().filter(|m| dense.contains(&m.0) && dense.contains(&m.1)).count();
    if count > MAX_DENSE_MERGES {
        return Err(wrong(format!("{count} merges among the first {DENSE_SYMBOLS} symbols")));
    }
    Ok(())
}
