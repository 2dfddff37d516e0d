use serde_json::{Value, json};

use super::*;

fn sound() -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null, "decoder": null,
        "added_tokens": [{ "id": 4, "content": "<s>", "special": true }],
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false },
        "post_processor": null,
        "model": { "type": "BPE", "dropout": null, "unk_token": "<s>", "vocab": { "a": 1, "b": 2, "ab": 3, "\u{e9}\n": 0 },
            "merges": ["a b"] },
    })
}

fn read(value: &Value) -> Result<TokenizerJson, FormatError> {
    TokenizerJson::parse(value.to_string().as_bytes())
}

/// The sound file with `value` at `pointer`.
fn with(pointer: &str, value: Value) -> Result<TokenizerJson, FormatError> {
    let mut file = sound();
    match file.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            file.pointer_mut(parent).unwrap()[key] = value;
        }
    }
    read(&file)
}

#[test]
fn sound_files_are_described() {
    let bpe = TokenizerJson { model: "BPE", tokens: 4, merges: 1, added: 1 };
    assert_eq!(read(&sound()), Ok(bpe.clone()));
    assert_eq!(with("/model/merges", json!([["a", "b"]])), Ok(bpe));
    let unigram = json!({ "type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.5]] });
    assert_eq!(with("/model", unigram), Ok(TokenizerJson { model: "Unigram", tokens: 2, merges: 0, added: 1 }));
    let template = json!({ "type": "Sequence", "processors": [{ "type": "TemplateProcessing", "special_tokens": { "[CLS]": {} },
        "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }] }] });
    assert!(with("/post_processor", template).is_ok());
    let normalizer = json!({ "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": "▁" },
        { "type": "Replace", "pattern": { "String": " " }, "content": "▁" }] });
    assert!(with("/normalizer", normalizer).is_ok());
}

#[test]
fn what_contradicts_itself_is_refused() {
    let endless = json!({ "type": "Replace", "pattern": { "String": "a" }, "content": "a".repeat(1000) });
    for (pointer, value, why) in [
        ("/model/merges", json!(["ab"]), "no pair"),
        ("/model/merges", json!(["x y"]), "no token"),
        ("/model/merges", json!(["a ab"]), "aab"),
        ("/model/vocab", json!({ "a": 0, "b": 0 }), "two tokens"),
        ("/model/vocab", json!({ "a": 1 << 23 }), "ids end"),
        ("/model/vocab", json!({ "a": -1 }), "-1"),
        ("/model/type", json!("Nope"), "unknown"),
        ("/model/type", json!("Unigram"), "none of Unigram"),
        ("/model/dropout", json!(2), "probability"),
        ("/model/unk_token", json!("?"), "no token"),
        ("/model", json!({ "type": "Unigram", "unk_id": 5, "vocab": [] }), "outside"),
        ("/model", json!({ "type": "Unigram", "vocab": [["a", 1e308]] }), "score"),
        ("/added_tokens", json!([{ "id": 4_000_000_000_u32, "content": "x" }]), "ids end"),
        ("/added_tokens", json!([{ "id": 4, "content": "" }]), "empty"),
        ("/truncation", json!({ "max_length": 1, "stride": 5 }), "truncation"),
        ("/normalizer", json!({ "type": "Nope" }), "unknown"),
        ("/normalizer", json!({ "type": "Precompiled", "precompiled_charsmap": "AAAA" }), "charsmap"),
        ("/normalizer", json!({ "type": "Prepend", "prepend": "a".repeat(2000) }), "before"),
        ("/normalizer", json!({ "type": "Sequence", "normalizers": [endless, endless] }), "times as long"),
        ("/pre_tokenizer", json!({ "type": "FixedLength", "length": 0 }), "cuts at 0"),
        ("/pre_tokenizer", json!({ "type": "Metaspace", "replacement": "ab" }), "character"),
        ("/pre_tokenizer", json!({ "type": "Split", "pattern": { "Regex": "(a+)+" } }), "for ever"),
        (
            "/post_processor",
            json!({ "type": "TemplateProcessing", "single": [{ "SpecialToken": { "id": "[X]" } }] }),
            "[X]",
        ),
    ] {
        let error = with(pointer, value.clone()).unwrap_err();
        assert_eq!(error.code(), "E_TOKENIZER");
        assert!(error.to_string().contains(why), "{pointer} {value}: {error}");
    }
}

#[test]
fn no_prefix_is_accepted_and_depth_is_bounded() {
    let text = sound().to_string();
    for n in 0..text.len() {
        assert!(TokenizerJson::parse(&text.as_bytes()[..n]).is_err(), "{n} bytes");
    }
    assert!(TokenizerJson::parse("[".repeat(200_000).as_bytes()).is_err());
    assert!(TokenizerJson::parse(format!("\u{feff}{text}").as_bytes()).is_err());
}
