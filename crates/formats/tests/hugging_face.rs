//! Merging beside Hugging Face's `tokenizers` crate, on random vocabularies: the published rules of byte-pair encoding leave
//! no choice, so every id must be the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use kinora_formats::{Gguf, GgufWriter, MetaArray, MetaValue, Tokenizer};
use proptest::prelude::*;

/// A vocabulary over eight letters with random merges of what is there already.
fn vocabulary(picks: &[(u16, u16)]) -> (Vec<String>, Vec<(String, String)>) {
    let mut tokens: Vec<String> = ('a'..='h').map(String::from).collect();
    let mut merges = Vec::new();
    for (a, b) in picks {
        let (a, b) = (tokens[*a as usize % tokens.len()].clone(), tokens[*b as usize % tokens.len()].clone());
        let whole = format!("{a}{b}");
        if whole.len() <= 12 && !tokens.contains(&whole) {
            tokens.push(whole);
            merges.push((a, b));
        }
    }
    (tokens, merges)
}

fn ours(tokens: &[String], merges: &[(String, String)]) -> Tokenizer {
    // byte-level vocabularies have a token for every byte; the letters come first
    let mut w = GgufWriter::new();
    w.str("tokenizer.ggml.model", "gpt2").unwrap();
    w.str("tokenizer.ggml.pre", "gpt-2").unwrap();
    w.strs("tokenizer.ggml.tokens", tokens).unwrap();
    w.meta("tokenizer.ggml.token_type", MetaValue::Array(MetaArray::I32(vec![1; tokens.len()]))).unwrap();
    let merges: Vec<String> = merges.iter().map(|(a, b)| format!("{a} {b}")).collect();
    w.strs("tokenizer.ggml.merges", &merges).unwrap();
    Tokenizer::from_gguf(&Gguf::parse(&w.finish().unwrap()).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn words_merge_as_in_the_crate(
        picks in proptest::collection::vec(any::<(u16, u16)>(), 1..60),
        words in proptest::collection::vec("[a-h]{1,40}", 1..20),
    ) {
        let (tokens, merges) = vocabulary(&picks);
        let vocab: serde_json::Map<String, serde_json::Value> =
            tokens.iter().enumerate().map(|(i, t)| (t.clone(), i.into())).collect();
        let json = serde_json::json!({
            "version": "2.0",
            "model": { "type": "BPE", "vocab": vocab, "merges": merges, "byte_level": false, "ignore_merges": false },
            "pre_tokenizer": null,
        });
        let theirs = tokenizers::from_json(&json.to_string()).unwrap();
        let ours = ours(&tokens, &merges);
        for word in words {
            let encoded = theirs.encode(word.clone(), &Default::default()).wait().unwrap();
            let wanted: Vec<u32> = encoded.iter().flat_map(|e| e.ids()).map(|t| t.id()).collect();
            prop_assert_eq!(ours.encode(&word, false).unwrap(), wanted, "{}", word);
        }
    }
}
