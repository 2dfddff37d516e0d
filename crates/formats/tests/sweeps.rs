//! Damage of every kind to a small sound model: each step of loading answers or refuses, and none panics.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)]

use kinora_formats::gguf::StrArray;
use kinora_formats::{
    BlockType, ChatTemplate, FormatError, Gguf, GgufFile, GgufWriter, Message, MetaArray, MetaValue, SafeTensorsFile,
    SafetensorsWriter, TensorSource, TextConfig, Tokenizer,
};
use proptest::prelude::*;

/// A Llama of one block with a byte-level tokenizer; the keys that are damaged come first.
fn model() -> Vec<u8> {
    let mut w = GgufWriter::new();
    w.str("general.architecture", "llama").unwrap();
    for (key, n) in [
        ("context_length", 64),
        ("embedding_length", 4),
        ("block_count", 1),
        ("feed_forward_length", 8),
        ("attention.head_count", 2),
    ] {
        w.u32(&format!("llama.{key}"), n).unwrap();
    }
    w.f32("llama.attention.layer_norm_rms_epsilon", 1e-5).unwrap();
    w.f32("llama.rope.freq_base", 1e4).unwrap();
    w.str("tokenizer.ggml.model", "gpt2").unwrap();
    w.str("tokenizer.ggml.pre", "gpt-2").unwrap();
    w.str("tokenizer.chat_template", "{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}").unwrap();
    w.strs("tokenizer.ggml.merges", &["h e", "he l", "l o"]).unwrap();
    let alphabet = (0x21..=0x7eu32).chain(0xa1..=0xac).chain(0xae..=0xff).chain(0x100..=0x143);
    let mut tokens: Vec<String> = alphabet.map(|c| char::from_u32(c).unwrap().to_string()).collect();
    tokens.extend(["he", "hel", "lo", "<|im_end|>"].map(String::from));
    let mut types = vec![1; tokens.len()];
    *types.last_mut().unwrap() = 3;
    let vocab = tokens.len();
    w.u32("tokenizer.ggml.eos_token_id", vocab as u32 - 1).unwrap();
    w.meta("tokenizer.ggml.token_type", MetaValue::Array(MetaArray::I32(types))).unwrap();
    w.strs("tokenizer.ggml.tokens", &tokens).unwrap();
    for (name, shape) in [
        ("token_embd", vec![vocab, 4]),
        ("output_norm", vec![4]),
        ("blk.0.attn_norm", vec![4]),
        ("blk.0.attn_q", vec![4, 4]),
        ("blk.0.attn_k", vec![4, 4]),
        ("blk.0.attn_v", vec![4, 4]),
        ("blk.0.attn_output", vec![4, 4]),
        ("blk.0.ffn_norm", vec![4]),
        ("blk.0.ffn_gate", vec![8, 4]),
        ("blk.0.ffn_up", vec![8, 4]),
        ("blk.0.ffn_down", vec![4, 8]),
    ] {
        let n: usize = shape.iter().product();
        w.tensor(&format!("{name}.weight"), &shape, BlockType::F32, &vec![0; 4 * n]).unwrap();
    }
    w.finish().unwrap()
}

/// Everything that using a file does with its header.
fn load(bytes: &[u8]) -> Result<(), FormatError> {
    let gguf = Gguf::parse(bytes)?;
    let tokenizer = Tokenizer::from_gguf(&gguf)?;
    let prompt = ChatTemplate::from_gguf(&gguf)?.render_messages(&[Message::new("user", "hello <|im_end|>")], true)?;
    let ids = tokenizer.encode(&prompt, false)?;
    assert!(ids.iter().all(|id| (*id as usize) < tokenizer.vocab_size() && !tokenizer.is_control(*id)));
    tokenizer.decode(&ids);
    TextConfig::read(&gguf)?;
    for info in gguf.tensors() {
        gguf.tensor(bytes, &info.name)?;
    }
    Ok(())
}

#[test]
fn the_sound_model_loads() {
    assert_eq!(load(&model()), Ok(()));
}

#[test]
fn every_prefix_of_a_model_is_refused() {
    let bytes = model();
    for n in 0..bytes.len() {
        assert!(load(&bytes[..n]).is_err(), "the first {n} bytes were accepted");
    }
}

#[test]
fn a_damaged_header_never_panics() {
    let bytes = model();
    let weights = Gguf::parse(&bytes).unwrap().tensors().map(|t| t.offset as usize).min().unwrap();
    let mut refused = 0;
    for i in 0..weights {
        let mut damaged = bytes.clone();
        damaged[i] ^= [0xff, 0x01, 0x80][i % 3];
        refused += usize::from(load(&damaged).is_err());
    }
    assert!(refused > weights / 3, "only {refused} of {weights} were refused");
}

#[test]
fn extreme_numbers_in_the_header_never_panic() {
    let bytes = model();
    let weights = Gguf::parse(&bytes).unwrap().tensors().map(|t| t.offset as usize).min().unwrap();
    // A prime step meets each field at another alignment
    for i in (0..weights - 8).step_by(17) {
        for n in [0, 1, 1 << 31, 1 << 32, 1 << 63, u64::MAX] {
            let mut damaged = bytes.clone();
            damaged[i..i + 8].copy_from_slice(&u64::to_le_bytes(n));
            let _ = load(&damaged);
        }
    }
}

fn value() -> impl Strategy<Value = MetaValue> {
    prop_oneof![
        any::<u8>().prop_map(MetaValue::U8),
        any::<i16>().prop_map(MetaValue::I16),
        any::<u32>().prop_map(MetaValue::U32),
        any::<i64>().prop_map(MetaValue::I64),
        any::<bool>().prop_map(MetaValue::Bool),
        (-1e30f32..1e30).prop_map(MetaValue::F32),
        ".{0,20}".prop_map(MetaValue::Str),
        prop::collection::vec(".{0,6}", 0..9)
            .prop_map(|s| MetaValue::Array(MetaArray::Str(s.iter().collect::<StrArray>()))),
        prop::collection::vec(any::<u16>(), 0..9).prop_map(|a| MetaValue::Array(MetaArray::U16(a))),
        prop::collection::vec(any::<bool>(), 0..9).prop_map(|a| MetaValue::Array(MetaArray::Bool(a))),
        prop::collection::vec(-1e9f64..1e9, 0..9).prop_map(|a| MetaValue::Array(MetaArray::F64(a))),
    ]
}

fn block() -> impl Strategy<Value = BlockType> {
    prop::sample::select(BlockType::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_gguf_that_is_written_is_read_back(
        meta in prop::collection::btree_map("[a-zé.]{1,12}", value(), 0..8),
        tensors in prop::collection::btree_map("[a-z.0-9]{1,20}", (block(), 1usize..3, prop::collection::vec(1usize..5, 0..3)), 0..6),
        fill in any::<u8>(),
    ) {
        let mut w = GgufWriter::new();
        for (key, value) in &meta {
            w.meta(key, value.clone()).unwrap();
        }
        let mut wanted = Vec::new();
        for (name, (block, row, outer)) in tensors {
            let mut shape = outer;
            shape.push(row * block.block_len());
            let bytes = vec![fill; block.bytes_for(shape.iter().product()).unwrap()];
            w.tensor(&name, &shape, block, &bytes).unwrap();
            wanted.push((name, shape, block, bytes));
        }
        let file = GgufFile::from_bytes(w.finish().unwrap()).unwrap();
        for (key, value) in &meta {
            prop_assert_eq!(file.gguf().metadata(key), Some(value));
        }
        prop_assert_eq!(file.names().len(), wanted.len());
        for (name, shape, block, bytes) in &wanted {
            let view = file.tensor(name).unwrap();
            prop_assert_eq!((&view.shape, view.block, view.bytes), (shape, *block, bytes.as_slice()));
        }
    }

    #[test]
    fn any_safetensors_that_is_written_is_read_back(
        meta in prop::collection::btree_map(".{0,12}", ".{0,40}", 0..5),
        tensors in prop::collection::btree_map(".{0,20}", prop::collection::vec(0usize..4, 0..4), 0..6),
    ) {
        let mut w = SafetensorsWriter::new();
        for (key, value) in &meta {
            w.meta(key, value).unwrap();
        }
        for (name, shape) in &tensors {
            let n: usize = shape.iter().product();
            w.f32(name, shape, &(0..n).map(|i| i as f32).collect::<Vec<_>>()).unwrap();
        }
        let file = SafeTensorsFile::from_bytes(w.finish().unwrap()).unwrap();
        for (key, value) in &meta {
            prop_assert_eq!(file.metadata(key), Some(value.as_str()));
        }
        for (name, shape) in &tensors {
            let view = file.tensor(name).unwrap();
            let n: usize = shape.iter().product();
            prop_assert_eq!(&view.shape, shape);
            prop_assert_eq!(view.to_f32().unwrap(), (0..n).map(|i| i as f32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn random_bytes_are_never_a_model(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Gguf::parse(&bytes).is_err());
        prop_assert!(SafeTensorsFile::from_bytes(bytes.clone()).is_err());
        let with_magic = [b"GGUF\x03\0\0\0".as_slice(), &bytes].concat();
        let _ = load(&with_magic);
    }
}
