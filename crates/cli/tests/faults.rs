//! Malformed model files through `kinora inspect --full`: each is refused with one line and its code, in a second and in
//! 64 MiB, and nothing sound is refused.
//!
//! `KINORA_FAULTS` names a folder with `manifest.json` and its files; without it only the small files made here run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kinora_formats::{BlockType, GgufWriter, MetaArray, MetaValue, SafetensorsWriter};

/// What one run of `kinora inspect --full` did.
struct Run {
    exit: Option<i32>,
    stderr: String,
    took: Duration,
    /// Peak resident memory in bytes, where the system tells.
    peak: Option<u64>,
}

fn inspect(file: &Path) -> Run {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kinora"))
        .args(["inspect", "--full"])
        .arg(file)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = None;
    let status = loop {
        peak = peak_memory(child.id()).max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let took = start.elapsed();
    let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    Run { exit: status.code(), stderr, took, peak }
}

fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

impl Run {
    /// What is wrong with the run, if anything. `None` as `code` means that any code will do.
    fn fault(&self, accepts: bool, refuses: bool, code: Option<&str>) -> Option<String> {
        let line = self.stderr.trim_end();
        if let Some(peak) = self.peak.filter(|p| *p > 64 << 20) {
            return Some(format!("took {} MiB", peak >> 20));
        }
        if self.took > Duration::from_secs(1) {
            return Some(format!("took {:?}", self.took));
        }
        match self.exit {
            Some(0) if accepts => None,
            Some(1) if refuses => {
                if line.lines().count() != 1 || line.chars().count() > 600 {
                    return Some(format!("is not one line: {line:?}"));
                }
                match code {
                    Some(code) if !line.starts_with(&format!("error[{code}]: ")) => {
                        Some(format!("wanted {code}: {line}"))
                    }
                    _ => None,
                }
            }
            exit => Some(format!("exit {exit:?}: {line}")),
        }
    }
}

#[derive(serde::Deserialize)]
struct Manifest {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    file: String,
    kind: String,
    stage: String,
    expect: String,
    expect_alt: Option<String>,
    code: Option<String>,
}

#[test]
fn the_malformed_set_is_answered_as_its_manifest_says() {
    let Some(folder) = std::env::var_os("KINORA_FAULTS").map(PathBuf::from) else {
        eprintln!("skipped: KINORA_FAULTS does not name a folder with the malformed set");
        return;
    };
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: Manifest = serde_json::from_str(&manifest).unwrap();
    let mut faults = Vec::new();
    let mut ran = 0;
    for case in &manifest.cases {
        // what a GGUF's weights hold shows when it runs; transport is the package's
        if !matches!(case.kind.as_str(), "gguf" | "safetensors" | "tokenizer" | "template") || case.stage == "data" {
            continue;
        }
        ran += 1;
        let any = |what: &str| case.expect == what || case.expect_alt.as_deref() == Some(what);
        // The codes of vocabularies differ where an earlier check already refuses the file
        let exact = matches!(case.stage.as_str(), "container" | "config" | "template");
        let code = case.code.as_deref().filter(|c| exact && *c != "E_ANY");
        if let Some(fault) = inspect(&folder.join(&case.file)).fault(any("ok"), any("error"), code) {
            faults.push(format!("{}: {fault}", case.id));
        }
    }
    assert!(ran > 200, "only {ran} cases ran");
    assert!(faults.is_empty(), "{} of {ran} cases:\n{}", faults.len(), faults.join("\n"));
}

/// A Llama of one block, with a byte-level tokenizer and a template.
fn tiny_gguf() -> Vec<u8> {
    let mut w = GgufWriter::new();
    w.str("general.architecture", "llama").unwrap();
    for (key, n) in [
        ("context_length", 64),
        ("embedding_length", 32),
        ("block_count", 1),
        ("feed_forward_length", 32),
        ("attention.head_count", 2),
    ] {
        w.u32(&format!("llama.{key}"), n).unwrap();
    }
    w.f32("llama.attention.layer_norm_rms_epsilon", 1e-5).unwrap();
    let mut tokens = vec!["<unk>".to_owned(), "<s>".into(), "</s>".into()];
    tokens.extend((0..256).map(|b| format!("<0x{b:02X}>")));
    let mut types = vec![2, 3, 3];
    types.extend([6; 256]);
    let vocab = tokens.len();
    w.str("tokenizer.ggml.model", "llama").unwrap();
    w.strs("tokenizer.ggml.tokens", &tokens).unwrap();
    w.meta("tokenizer.ggml.token_type", MetaValue::Array(MetaArray::I32(types))).unwrap();
    w.str("tokenizer.chat_template", "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}").unwrap();
    for (name, shape) in [
        ("token_embd", vec![vocab, 32]),
        ("output_norm", vec![32]),
        ("blk.0.attn_norm", vec![32]),
        ("blk.0.attn_q", vec![32, 32]),
        ("blk.0.attn_k", vec![32, 32]),
        ("blk.0.attn_v", vec![32, 32]),
        ("blk.0.attn_output", vec![32, 32]),
        ("blk.0.ffn_norm", vec![32]),
        ("blk.0.ffn_gate", vec![32, 32]),
        ("blk.0.ffn_up", vec![32, 32]),
        ("blk.0.ffn_down", vec![32, 32]),
    ] {
        let n: usize = shape.iter().product();
        let bytes = vec![0; BlockType::Q8_0.bytes_for(n).unwrap()];
        w.tensor(&format!("{name}.weight"), &shape, BlockType::Q8_0, &bytes).unwrap();
    }
    w.finish().unwrap()
}

fn tiny_safetensors() -> Vec<u8> {
    let mut w = SafetensorsWriter::new();
    w.meta("format", "pt").unwrap();
    w.f32("a", &[2, 2], &[1.0; 4]).unwrap();
    w.f32("b", &[8], &[1.0; 8]).unwrap();
    w.finish().unwrap()
}

/// A file of its own for each name, gone with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("kinora-faults-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn sound_files_are_accepted() {
    for (name, bytes) in [("sound.gguf", tiny_gguf()), ("sound.safetensors", tiny_safetensors())] {
        let file = Scratch::new(name, &bytes);
        assert_eq!(inspect(&file.0).fault(true, false, None), None, "{name}");
    }
}

#[test]
fn cut_files_are_refused() {
    for (name, bytes) in [("cut.gguf", tiny_gguf()), ("cut.safetensors", tiny_safetensors())] {
        let steps = 0..40;
        for n in steps.map(|i| i * (bytes.len() - 1) / 39) {
            let file = Scratch::new(name, &bytes[..n]);
            assert_eq!(inspect(&file.0).fault(false, true, None), None, "the first {n} bytes of {name}");
        }
    }
}

#[test]
fn flipped_header_bytes_are_refused_or_harmless() {
    for (name, bytes) in [("flip.gguf", tiny_gguf()), ("flip.safetensors", tiny_safetensors())] {
        let header = bytes.len().min(6000);
        for (i, mask) in (0..60).map(|i| i * header / 60).zip([0xff, 0x01, 0x80].into_iter().cycle()) {
            let mut damaged = bytes.clone();
            damaged[i] ^= mask;
            let file = Scratch::new(name, &damaged);
            assert_eq!(inspect(&file.0).fault(true, true, None), None, "{name}: byte {i} xor {mask:#x}");
        }
    }
}

#[test]
fn wrong_downloads_are_named() {
    for (name, bytes, says) in [
        ("page.gguf", &b"<!DOCTYPE html><title>404</title>"[..], "web page"),
        ("lfs.gguf", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
        ("none.gguf", b"", "cut short"),
    ] {
        let file = Scratch::new(name, bytes);
        let run = inspect(&file.0);
        assert_eq!(run.fault(false, true, None), None, "{name}");
        assert!(run.stderr.contains(says), "{name}: {}", run.stderr);
    }
    let missing = inspect(Path::new("/no/such/file.gguf"));
    assert_eq!(missing.fault(false, true, None), None);
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    let status = Command::new(env!("CARGO_BIN_EXE_kinora")).arg("inspect").stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}
