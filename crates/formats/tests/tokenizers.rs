//! Token ids against Hugging Face's `tokenizers`: `fixtures/make_tokenizers.py` says how the expectations were made.
#![allow(clippy::unwrap_used)]

use kinora_formats::{Gguf, GgufWriter, MetaArray, MetaValue, Tokenizer};

#[derive(serde::Deserialize)]
struct Fixture {
    texts: Vec<String>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    model: String,
    pre: String,
    tokens: Vec<String>,
    #[serde(default)]
    merges: Vec<String>,
    #[serde(default)]
    scores: Vec<f32>,
    /// The first tokens, which are control tokens (of SPM, the first is the unknown token).
    controls: usize,
    /// Ids of each text, special tokens as plain text.
    plain: Vec<Vec<u32>>,
    #[serde(default)]
    special: Vec<Vec<u32>>,
}

impl Case {
    fn tokenizer(&self) -> Tokenizer {
        let spm = self.model == "llama";
        let ty = |(i, token): (usize, &String)| match token.as_str() {
            "<unk>" if spm => 2,
            _ if i < self.controls => 3,
            t if spm && t.starts_with("<0x") => 6,
            _ => 1,
        };
        let types = self.tokens.iter().enumerate().map(ty).collect();
        let mut w = GgufWriter::new();
        w.str("tokenizer.ggml.model", &self.model).unwrap();
        w.strs("tokenizer.ggml.tokens", &self.tokens).unwrap();
        w.meta("tokenizer.ggml.token_type", MetaValue::Array(MetaArray::I32(types))).unwrap();
        if spm {
            w.meta("tokenizer.ggml.scores", MetaValue::Array(MetaArray::F32(self.scores.clone()))).unwrap();
        } else {
            w.str("tokenizer.ggml.pre", &self.pre).unwrap();
            w.strs("tokenizer.ggml.merges", &self.merges).unwrap();
        }
        Tokenizer::from_gguf(&Gguf::parse(&w.finish().unwrap()).unwrap()).unwrap()
    }
}

#[test]
fn ids_equal_those_of_the_reference() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/tokenizers.json")).unwrap();
    for case in &fixture.cases {
        let tokenizer = case.tokenizer();
        for (parse_special, wanted) in [(false, &case.plain), (true, &case.special)] {
            for (text, wanted) in fixture.texts.iter().zip(wanted) {
                let got = tokenizer.encode(text, parse_special).unwrap();
                assert_eq!(&got, wanted, "{} {}: {text:?}", case.model, case.pre);
                if !parse_special {
                    assert_eq!(&tokenizer.decode(&got), text, "{} {}", case.model, case.pre);
                }
            }
        }
    }
    assert_eq!(fixture.cases.len(), 5);
}
