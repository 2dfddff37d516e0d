//! Pre-tokenizers: how a text falls into words before merging, by the names that llama.cpp gives them.

use serde_json::{Value, json};

use crate::FormatError;
use crate::error::shown;

/// These spellings are the keys by which the merging engine knows its built-in splitters; it has no regex engine here.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const O200K: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

fn cl100k(digits: &str) -> String {
    format!(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
}

pub(super) struct PreTokenizer {
    /// The `pre_tokenizer` of the description.
    pub json: Value,
    /// A word that is a token needs no merging.
    pub whole_words: bool,
    /// Numbers are cut with [`group_digits`] first.
    pub group_digits: bool,
}

/// The pre-tokenizer called `name` in `tokenizer.ggml.pre`; a file without one means `default`.
pub(super) fn pre_tokenizer(name: &str) -> Result<PreTokenizer, FormatError> {
    let regex = |pattern: &str| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
    let sequence = |parts: Value| json!({"type": "Sequence", "pretokenizers": parts});
    let digits = |individual: bool| json!({"type": "Digits", "individual_digits": individual});
    let mut pre = PreTokenizer { json: Value::Null, whole_words: false, group_digits: false };
    pre.json = match name {
        "gpt-2" | "mpt" | "olmo" | "jais" | "phi-2" | "trillion" | "jina-es" | "jina-de" => regex(GPT2),
        "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "falcon-h1" | "dbrx" | "smaug-bpe" | "lfm2" => {
            pre.whole_words = !matches!(name, "dbrx" | "smaug-bpe");
            regex(&cl100k(r"\p{N}{1,3}"))
        }
        "glm4" | "chatglm-bpe" => regex(&cl100k(r"\p{N}{1,3}")),
        "qwen2" | "stablelm2" | "deepseek-r1-qwen" | "megrez" | "hunyuan" => regex(&cl100k(r"\p{N}")),
        "gpt-4o" | "llama4" => regex(O200K),
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" | "exaone" => {
            sequence(json!([digits(true), regex(GPT2)]))
        }
        "default" => {
            pre.group_digits = true;
            sequence(json!([{"type": "Punctuation", "behavior": "Contiguous"}, regex(GPT2), digits(false)]))
        }
        other => {
            let what = shown(format!("the pre-tokenizer {other}"));
            return Err(FormatError::Unsupported {
                what,
                hint: shown("Take a model of the families in the documentation"),
            });
        }
    };
    Ok(pre)
}

/// The part of llama.cpp's `default` that the engine has no splitter for: numbers stand alone, in groups of three ASCII
/// digits from the left, and the space before a number stands alone too.
pub(super) fn group_digits(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(char::is_numeric) {
        let (before, number) = rest.split_at(start);
        let trimmed = before.strip_suffix(' ').unwrap_or(before);
        let (before, space) = before.split_at(trimmed.len());
        out.extend([before, space].into_iter().filter(|s| !s.is_empty()));
        let end = number.find(|c: char| !c.is_numeric()).unwrap_or(number.len());
        let (mut number, after) = number.split_at(end);
        while !number.is_empty() {
            let len = next_group(number);
            let (group, more) = number.split_at(len);
            out.push(group);
            number = more;
        }
        rest = after;
    }
    if !rest.is_empty() {
        out.push(rest);
    }
    out
}

/// Length of the first group: three ASCII digits, or all before the next three.
fn next_group(number: &str) -> usize {
    let three =
        |at: &usize| number.as_bytes().get(*at..at.saturating_add(3)).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    match (0..number.len()).find(three) {
        Some(0) => 3,
        Some(at) => at,
        None => number.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fall_into_groups_of_three() {
        assert_eq!(group_digits("abc  12345 x7"), ["abc ", " ", "123", "45", " x", "7"]);
        assert_eq!(group_digits("½123"), ["½", "123"]);
        assert_eq!(group_digits(""), [""; 0]);
    }
}
