//! `kinora parity` on the committed cases, and that it can fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kinora_formats::Gguf;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/text")
}

fn parity(folder: &Path) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kinora"))
        .args(["parity", "--device", "cpu"])
        .arg(folder)
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn the_decoder_agrees_with_transformers() {
    let (output, text) = parity(&fixtures());
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("30 passed, 0 failed, 0 unsupported"), "{text}");
}

#[test]
fn the_encoder_agrees_with_transformers() {
    let (output, text) = parity(&fixtures().join("../embedding"));
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("1 passed, 0 failed, 0 unsupported"), "{text}");
}

#[test]
fn one_swapped_weight_fails() {
    let from = fixtures().join("llama-tied-rope3-q8_0");
    let to = std::env::temp_dir().join(format!("kinora-parity-{}", std::process::id()));
    fs::create_dir_all(&to).expect("a temporary folder");
    for file in ["case.json", "expected.safetensors"] {
        fs::copy(from.join(file), to.join(file)).expect("a copy");
    }
    let mut model = fs::read(from.join("model.gguf")).expect("the fixture");
    let gguf = Gguf::parse(&model).expect("a sound file");
    // The first rows of two matrices of one size, exchanged
    let at = |name: &str| gguf.tensor_info(name).map(|t| t.offset as usize).expect(name);
    let (up, gate, row) = (at("blk.0.ffn_up.weight"), at("blk.0.ffn_gate.weight"), 2 * 34);
    for i in 0..row {
        model.swap(up + i, gate + i);
    }
    fs::write(to.join("model.gguf"), model).expect("a file");
    let (output, text) = parity(&to);
    fs::remove_dir_all(&to).expect("removed");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAIL"), "{text}");
}

#[test]
fn a_folder_without_cases_is_an_error() {
    let (output, _) = parity(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no parity case"));
}
