//! Text cases: a folder with `model.gguf`, `case.json` (token lists and tolerances) and `expected.safetensors` (logits).

use std::path::Path;

use kinora_formats::{GgufFile, SafeTensorsFile, TextConfig};
use kinora_models::text::Llama;
use kinora_tensor::Device;
use serde::Deserialize;

use super::Report;
use crate::failure::{Failure, Outcome};

#[derive(Deserialize)]
struct Case {
    kind: String,
    tokens: Vec<Vec<u32>>,
    tolerance: Tolerances,
    /// Spread of the expected logits; errors are divided by it.
    logit_std: f32,
}

#[derive(Deserialize)]
struct Tolerances {
    exact: Tolerance,
    /// For paths that round activations to 8 bits.
    int8: Tolerance,
}

#[derive(Clone, Copy, Deserialize)]
struct Tolerance {
    max: f32,
    mean: f32,
}

/// Largest and mean error of all logits of a case.
#[derive(Default)]
struct Errors {
    max: f32,
    sum: f64,
    count: usize,
}

impl Errors {
    fn add(&mut self, got: &[f32], expected: &[f32], spread: f32) {
        if got.len() != expected.len() {
            self.max = f32::INFINITY;
        }
        for (g, e) in got.iter().zip(expected) {
            let error = (g - e).abs() / spread;
            self.max = if error.is_nan() { f32::INFINITY } else { self.max.max(error) };
            self.sum += f64::from(error);
            self.count += 1;
        }
    }

    fn tell(&self, name: &str, most: Tolerance, report: &mut Report) {
        let mean = (self.sum / self.count.max(1) as f64) as f32;
        report.errors(name, &[("max", self.max, most.max), ("mean", mean, most.mean)]);
    }
}

/// How tokens are given to the network.
#[derive(Clone, Copy, PartialEq)]
enum Feed {
    /// All at once.
    Prefill,
    /// A few, then one by one over the cache.
    Decode,
}

/// Runs the case in `folder`: at once and one by one, with exact activations and (on the CPU) with rounded ones.
pub fn run(folder: &Path, device: &Device, report: &mut Report) {
    let name = folder.file_name().map_or_else(|| folder.display().to_string(), |n| n.to_string_lossy().into_owned());
    if let Err(failure) = run_case(&name, folder, device, report) {
        if failure.code() == Some("E_UNSUPPORTED") {
            report.unsupported(&name);
        } else {
            report.failed(&name, failure);
        }
    }
}

fn run_case(name: &str, folder: &Path, device: &Device, report: &mut Report) -> Outcome {
    let read = |file: &str| std::fs::read(folder.join(file)).map_err(|e| Failure::from(e).at(file));
    let case: Case = serde_json::from_slice(&read("case.json")?)?;
    if case.kind != "text-logits" {
        report.unsupported(name);
        return Ok(());
    }
    let model = GgufFile::from_bytes(read("model.gguf")?)?;
    if TextConfig::read(model.gguf())?.family != kinora_formats::config::Family::Llama {
        report.unsupported(name);
        return Ok(());
    }
    let expected = SafeTensorsFile::from_bytes(read("expected.safetensors")?)?;
    let exact = match device {
        Device::Cpu(cpu) => Device::Cpu(cpu.exact()),
        gpu => gpu.clone(),
    };
    let llama = Llama::load(&model, &exact)?;
    measure(&llama, &case, &expected, Feed::Prefill)?.tell(name, case.tolerance.exact, report);
    measure(&llama, &case, &expected, Feed::Decode)?.tell(&format!("{name} decode"), case.tolerance.exact, report);
    if let Device::Cpu(_) = device {
        let llama = Llama::load(&model, device)?;
        measure(&llama, &case, &expected, Feed::Decode)?.tell(&format!("{name} int8"), case.tolerance.int8, report);
    }
    Ok(())
}

fn measure(llama: &Llama, case: &Case, expected: &SafeTensorsFile, feed: Feed) -> Outcome<Errors> {
    let mut errors = Errors::default();
    for (i, tokens) in case.tokens.iter().enumerate() {
        let (shape, want) = expected.to_f32(&format!("logits_{i}"))?;
        let vocab = llama.config().vocab;
        if shape != [tokens.len(), vocab] {
            return Err(Failure::new(format!("logits_{i} has shape {shape:?}, not [{}, {vocab}]", tokens.len())));
        }
        let mut cache = llama.new_cache(tokens.len())?;
        // The cache is filled by one longer read first, so that both ways of reading meet in it
        let first = if feed == Feed::Prefill { tokens.len() } else { tokens.len().div_ceil(2) };
        let (prefill, decode) = tokens.split_at(first);
        let mut got = pollster::block_on(llama.forward_all(prefill, &mut cache)?.to_vec())?;
        llama.device().reset_arena();
        for token in decode {
            got.extend(pollster::block_on(llama.forward(&[*token], &mut cache)?.to_vec())?);
            llama.device().reset_arena();
        }
        errors.add(&got, &want, case.logit_std);
    }
    Ok(errors)
}
