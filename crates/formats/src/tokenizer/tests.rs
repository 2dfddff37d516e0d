use super::*;
use crate::{Gguf, GgufWriter, MetaArray, MetaValue};

/// A byte-level vocabulary: 256 bytes, then the merges' products, then special tokens.
fn byte_level(merges: &[&str], specials: &[(&str, i32)], pre: &str) -> GgufWriter {
    let mut tokens: Vec<String> = (0..=255).map(|b| bytes::to_char(b).to_string()).collect();
    tokens.extend(merges.iter().map(|m| m.replace(' ', "")));
    let mut types = vec![1; tokens.len()];
    tokens.extend(specials.iter().map(|s| s.0.to_owned()));
    types.extend(specials.iter().map(|s| s.1));
    let mut w = GgufWriter::new();
    w.str("tokenizer.ggml.model", "gpt2").unwrap();
    w.str("tokenizer.ggml.pre", pre).unwrap();
    w.strs("tokenizer.ggml.tokens", &tokens).unwrap();
    w.strs("tokenizer.ggml.merges", merges).unwrap();
    w.meta("tokenizer.ggml.token_type", MetaValue::Array(MetaArray::I32(types))).unwrap();
    w
}

fn build(w: GgufWriter) -> Result<Tokenizer, FormatError> {
    Tokenizer::from_gguf(&Gguf::parse(&w.finish()?)?)
}

fn spm(extra: &[(&str, f32, i32)]) -> Result<Tokenizer, FormatError> {
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(String::from).to_vec();
    tokens.extend((0..256).map(|b| format!("<0x{b:02X}>")));
    let mut types = vec![2, 3, 3];
    types.extend([6; 256]);
    let mut scores = vec![0.0; 259];
    for (text, score, ty) in extra {
        tokens.push((*text).into());
        scores.push(*score);
        types.push(*ty);
    }
    let mut w = GgufWriter::new();
    w.str("tokenizer.ggml.model", "llama")?;
    w.strs("tokenizer.ggml.tokens", &tokens)?;
    w.meta("tokenizer.ggml.scores", MetaValue::Array(MetaArray::F32(scores)))?;
    w.meta("tokenizer.ggml.token_type", MetaValue::Array(MetaArray::I32(types)))?;
    build(w)
}

const ENDS: [(&str, i32); 2] = [("<|im_start|>", 3), ("<|im_end|>", 3)];

#[test]
fn byte_level_merges_in_order_and_comes_back() {
    let t = build(byte_level(&["h e", "l l", "he ll", "Ġ w"], &ENDS, "gpt-2")).unwrap();
    let ids = t.encode("hello w", false).unwrap();
    assert_eq!(ids, [258, u32::from(b'o'), 259]);
    for text in ["hello w", "", " \n\n x", "é你😀\u{0}\u{7f}", "12345  a'll"] {
        assert_eq!(t.decode(&t.encode(text, false).unwrap()), text);
    }
}

#[test]
fn special_tokens_in_plain_text_stay_text() {
    let t = build(byte_level(&["h e"], &ENDS, "gpt-2")).unwrap();
    let (start, end) = (257, 258);
    let text = "he<|im_end|><|im_start|>system";
    let plain = t.encode(text, false).unwrap();
    assert!(plain.iter().all(|id| !t.is_control(*id)));
    assert_eq!(t.decode(&plain), text);
    assert_eq!(t.encode("<|im_start|>he<|im_end|>", true).unwrap(), [start, 256, end]);
    assert_eq!(t.decode(&[start, 256, end]), "he");
    assert_eq!((t.eot(), t.is_end(end), t.is_end(start)), (Some(end), true, false));
}

#[test]
fn a_user_defined_token_is_found_in_plain_text() {
    let t = build(byte_level(&["h e"], &[("<think>", 4)], "gpt-2")).unwrap();
    assert_eq!(t.encode("he<think>he", false).unwrap(), [256, 257, 256]);
    assert_eq!(t.decode(&[257]), "<think>");
}

#[test]
fn pre_tokenizers_cut_numbers_their_own_way() {
    let merges = ["1 2", "12 3", "123 4", "Ġ 1"];
    let words = |pre: &str| {
        let t = build(byte_level(&merges, &[], pre)).unwrap();
        let ids = t.encode("a 1234", false).unwrap();
        ids.iter().map(|id| String::from_utf8_lossy(t.token_bytes(*id)).into_owned()).collect::<Vec<_>>().join("|")
    };
    assert_eq!(words("gpt-2"), "a| |1234");
    assert_eq!(words("llama-bpe"), "a| |123|4");
    assert_eq!(words("qwen2"), "a| |1|2|3|4");
    assert_eq!(words("smollm"), "a| |1|2|3|4");
    assert_eq!(words("default"), "a| |123|4");
    assert_eq!(build(byte_level(&merges, &[], "nope")).unwrap_err().code(), "E_UNSUPPORTED");
}

#[test]
fn spm_prefers_the_better_score_and_falls_back_to_bytes() {
    let t = spm(&[
        ("\u{2581}", -9.0, 1),
        ("a", -9.0, 1),
        ("b", -9.0, 1),
        ("c", -9.0, 1),
        ("ab", -2.0, 1),
        ("bc", -1.0, 1),
        ("\u{2581}a", -3.0, 1),
    ])
    .unwrap();
    let (space, a, bc, space_a) = (259, 260, 264, 265);
    assert_eq!(t.encode("abc", false).unwrap(), [space_a, bc]);
    assert_eq!(t.encode("é", false).unwrap(), [space, 3 + 0xc3, 3 + 0xa9]);
    assert_eq!(t.encode("b a<s>a", true).unwrap(), [space, 261, space_a, 1, space_a]);
    assert!(!t.encode("<s></s><unk><0x0A>", false).unwrap().iter().any(|id| *id < 3 || *id == 3 + 10));
    for text in ["abc", "é  a b", " a", ""] {
        assert_eq!(t.decode(&t.encode(text, false).unwrap()), text);
    }
    assert_eq!((t.bos(), t.eos(), t.add_bos(), a), (Some(1), Some(2), true, 260));
}

#[test]
fn inconsistent_vocabularies_are_refused() {
    let code = |w: GgufWriter| build(w).unwrap_err().code();
    assert_eq!(code(byte_level(&["q z"], &[("qz", 1)], "gpt-2")), "E_VOCAB"); // the product twice
    let with = |edit: &dyn Fn(&mut GgufWriter)| {
        let mut w = byte_level(&["h e"], &ENDS, "gpt-2");
        edit(&mut w);
        code(w)
    };
    assert_eq!(with(&|w| w.u32("tokenizer.ggml.eos_token_id", 259).unwrap()), "E_VOCAB");
    assert_eq!(
        with(&|w| w.meta("tokenizer.ggml.scores", MetaValue::Array(MetaArray::I8(vec![0; 259]))).unwrap()),
        "E_VOCAB"
    );
    assert_eq!(
        with(&|w| w.meta("tokenizer.ggml.scores", MetaValue::Array(MetaArray::F32(vec![f32::NAN; 259]))).unwrap()),
        "E_VOCAB"
    );
    assert_eq!(spm(&[("<0x-1>", 0.0, 6)]).unwrap_err().code(), "E_VOCAB");
    assert_eq!(spm(&[("a", 0.0, 99)]).unwrap_err().code(), "E_VOCAB");
    assert_eq!(spm(&[("a", f32::NAN, 1)]).unwrap_err().code(), "E_VOCAB");
    assert_eq!(spm(&[(&"a".repeat(2000), 0.0, 1)]).unwrap_err().code(), "E_VOCAB");
}

#[test]
fn streamed_tokens_never_show_half_a_character() {
    let t = build(byte_level(&["h e"], &ENDS, "gpt-2")).unwrap();
    let text = "a😀é";
    let (mut d, mut out) = (Detokenizer::new(), String::new());
    for id in t.encode(text, false).unwrap() {
        let part = d.push(&t, id);
        assert!(!part.contains('\u{fffd}'));
        out += &part;
    }
    assert_eq!(out, text);
}

#[test]
fn bytes_without_a_token_are_left_out() {
    let mut w = GgufWriter::new();
    w.str("tokenizer.ggml.model", "gpt2").unwrap();
    w.str("tokenizer.ggml.pre", "gpt-2").unwrap();
    w.strs("tokenizer.ggml.tokens", &["a", "b", "ab"]).unwrap();
    w.strs("tokenizer.ggml.merges", &["a b"]).unwrap();
    let t = build(w).unwrap();
    assert_eq!(t.encode("ab é a", false).unwrap(), [2, 0]);
}
