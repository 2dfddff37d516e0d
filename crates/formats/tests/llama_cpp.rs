//! Token ids against llama.cpp's, over small vocabularies of every kind and every pre-tokenizer name: `token_ids.py` in
//! `tests/parity` made the vocabularies and recorded the answers (`--fixture`), and compares larger ones.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use kinora_formats::{Gguf, GgufWriter, MetaArray, MetaValue, Tokenizer};
use serde_json::Value;

#[derive(serde::Deserialize)]
struct Fixture {
    texts: Vec<String>,
    families: BTreeMap<String, Family>,
    cases: Vec<Case>,
}

/// What several cases share.
#[derive(serde::Deserialize)]
struct Family {
    tokens: Vec<String>,
    types: Vec<i32>,
    merges: Option<Vec<String>>,
    scores: Option<Vec<f32>>,
}

#[derive(serde::Deserialize)]
struct Case {
    family: String,
    /// Names that give the same ids.
    pre: Vec<String>,
    /// What the file says of the tokenizer besides.
    keys: BTreeMap<String, Value>,
    /// For each text a digest of its ids: special tokens as text, without beginning and end.
    plain: String,
    /// Special tokens parsed, with beginning and end.
    framed: String,
}

fn tokenizer(family: &Family, case: &Case, pre: Option<&str>) -> Tokenizer {
    let mut w = GgufWriter::new();
    let name = |key: &str| format!("tokenizer.ggml.{key}");
    w.strs(&name("tokens"), &family.tokens).unwrap();
    w.meta(&name("token_type"), MetaValue::Array(MetaArray::I32(family.types.clone()))).unwrap();
    if let Some(merges) = &family.merges {
        w.strs(&name("merges"), merges).unwrap();
    }
    if let Some(scores) = &family.scores {
        w.meta(&name("scores"), MetaValue::Array(MetaArray::F32(scores.clone()))).unwrap();
    }
    for (key, value) in &case.keys {
        let value = match value {
            Value::Bool(b) => MetaValue::Bool(*b),
            Value::Number(n) => MetaValue::U32(n.as_u64().unwrap() as u32),
            Value::String(s) => MetaValue::Str(s.clone()),
            Value::Array(bytes) => {
                MetaValue::Array(MetaArray::U8(bytes.iter().map(|b| b.as_u64().unwrap() as u8).collect()))
            }
            other => panic!("{other}"),
        };
        w.meta(&name(key), value).unwrap();
    }
    if let Some(pre) = pre {
        w.str(&name("pre"), pre).unwrap();
    }
    Tokenizer::from_gguf(&Gguf::parse(&w.finish().unwrap()).unwrap()).unwrap()
}

/// FNV-1a of 32 bits over the ids, folded to 16.
fn digest(ids: &[u32]) -> u32 {
    let bytes = ids.iter().flat_map(|id| id.to_le_bytes());
    let hash = bytes.fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    hash >> 16 ^ hash & 0xffff
}

#[test]
fn ids_equal_those_of_llama_cpp() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/llama_cpp.json")).unwrap();
    let mut kinds: Vec<&str> = Vec::new();
    for case in &fixture.cases {
        let names: Vec<Option<&str>> = match case.pre.as_slice() {
            [] => vec![None],
            names => names.iter().map(|n| Some(n.as_str())).collect(),
        };
        kinds.push(case.keys["model"].as_str().unwrap());
        for pre in names {
            let tokenizer = tokenizer(&fixture.families[&case.family], case, pre);
            for (framed, wanted) in [(false, &case.plain), (true, &case.framed)] {
                assert_eq!(wanted.len(), 4 * fixture.texts.len());
                for (text, wanted) in fixture.texts.iter().zip(wanted.as_bytes().chunks(4)) {
                    let got = if framed { tokenizer.encode_framed(text, true) } else { tokenizer.encode(text, false) };
                    let got = got.unwrap();
                    let wanted = std::str::from_utf8(wanted).unwrap();
                    let keys = &case.keys;
                    assert_eq!(format!("{:04x}", digest(&got)), wanted, "{pre:?} {keys:?} {framed} {text:?}: {got:?}");
                }
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, ["bert", "gpt2", "llama", "t5", "whitespace"]);
}

#[test]
fn a_digest_tells_ids_apart() {
    assert_ne!(digest(&[1, 2, 3]), digest(&[1, 3, 2]));
    assert_ne!(digest(&[]), digest(&[0]));
}
