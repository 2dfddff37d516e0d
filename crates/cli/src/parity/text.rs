//! Text cases: a folder with `model.gguf`, `case.json` (token lists and tolerances) and `expected.safetensors` (logits).

use std::path::Path;

use kinora_formats::{GgufFile, SafeTensorsFile};
use kinora_models::text::Decoder;
use kinora_tensor::Device;
use serde::Deserialize;

use super::Report;
use crate::failure::{Failure, Outcome};

#[derive(Deserialize)]
struct Case {
    /// The block type of the weights, for example "Q4_K".
    quant: String,
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

/// Largest and mean error of all logits of a case, and how often another token has the largest logit.
#[derive(Default)]
struct Errors {
    max: f32,
    sum: f64,
    count: usize,
    other_tokens: usize,
}

impl Errors {
    /// `got` and `expected` [T, vocab].
    fn add(&mut self, got: &[f32], expected: &[f32], vocab: usize, spread: f32) {
        if got.len() != expected.len() {
            self.max = f32::INFINITY;
        }
        for (g, e) in got.iter().zip(expected) {
            let error = (g - e).abs() / spread;
            self.max = if error.is_nan() { f32::INFINITY } else { self.max.max(error) };
            self.sum += f64::from(error);
            self.count += 1;
        }
        let rows = got.chunks_exact(vocab).zip(expected.chunks_exact(vocab));
        self.other_tokens += rows.filter(|(g, e)| greedy(g) != greedy(e)).count();
    }

    fn tell(&self, name: &str, most: Tolerance, same_tokens: bool, report: &mut Report) {
        let mean = (self.sum / self.count.max(1) as f64) as f32;
        let mut errors = vec![("max", self.max, most.max), ("mean", mean, most.mean)];
        if same_tokens {
            errors.push(("other tokens", self.other_tokens as f32, 0.0));
        }
        report.errors(name, &errors);
    }
}

/// The token with the largest logit, the first of equals.
fn greedy(logits: &[f32]) -> usize {
    let better = |best: usize, (i, x): (usize, &f32)| if *x > logits[best] { i } else { best };
    logits.iter().enumerate().fold(0, better)
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

/// What every kind of case begins with.
#[derive(Deserialize)]
struct Kind {
    kind: String,
}

fn run_case(name: &str, folder: &Path, device: &Device, report: &mut Report) -> Outcome {
    let case = read(folder, "case.json")?;
    match serde_json::from_slice::<Kind>(&case)?.kind.as_str() {
        "text-logits" => logits(name, folder, &serde_json::from_slice(&case)?, device, report),
        "text-embedding" => super::embedding::run(name, folder, &case, device, report),
        _ => {
            report.unsupported(name);
            Ok(())
        }
    }
}

/// A file of a case.
pub fn read(folder: &Path, file: &str) -> Outcome<Vec<u8>> {
    std::fs::read(folder.join(file)).map_err(|e| Failure::from(e).at(file))
}

/// The device with exact activations.
pub fn exact(device: &Device) -> Device {
    match device {
        Device::Cpu(cpu) => Device::Cpu(cpu.exact()),
        gpu => gpu.clone(),
    }
}

fn logits(name: &str, folder: &Path, case: &Case, device: &Device, report: &mut Report) -> Outcome {
    let model = GgufFile::from_bytes(read(folder, "model.gguf")?)?;
    let expected = SafeTensorsFile::from_bytes(read(folder, "expected.safetensors")?)?;
    // Two largest logits of a quantised random model may lie closer together than f32 computes: there only errors count
    let floats = matches!(case.quant.as_str(), "F32" | "F16" | "BF16");
    let decoder = Decoder::load(&model, &exact(device))?;
    measure(&decoder, case, &expected, Feed::Prefill)?.tell(name, case.tolerance.exact, floats, report);
    let decode = format!("{name} decode");
    measure(&decoder, case, &expected, Feed::Decode)?.tell(&decode, case.tolerance.exact, floats, report);
    if let Device::Cpu(_) = device {
        let decoder = Decoder::load(&model, device)?;
        let int8 = format!("{name} int8");
        measure(&decoder, case, &expected, Feed::Decode)?.tell(&int8, case.tolerance.int8, false, report);
    }
    Ok(())
}

fn measure(decoder: &Decoder, case: &Case, expected: &SafeTensorsFile, feed: Feed) -> Outcome<Errors> {
    let mut errors = Errors::default();
    for (i, tokens) in case.tokens.iter().enumerate() {
        let (shape, want) = expected.to_f32(&format!("logits_{i}"))?;
        let vocab = decoder.config().vocab;
        if shape != [tokens.len(), vocab] {
            return Err(Failure::new(format!("logits_{i} has shape {shape:?}, not [{}, {vocab}]", tokens.len())));
        }
        let mut cache = decoder.new_cache(tokens.len())?;
        // The cache is filled by one longer read first, so that both ways of reading meet in it
        let first = if feed == Feed::Prefill { tokens.len() } else { tokens.len().div_ceil(2) };
        let (prefill, decode) = tokens.split_at(first);
        let mut got = pollster::block_on(decoder.forward_all(prefill, &mut cache)?.to_vec())?;
        decoder.device().reset_arena();
        for token in decode {
            got.extend(pollster::block_on(decoder.forward(&[*token], &mut cache)?.to_vec())?);
            decoder.device().reset_arena();
        }
        errors.add(&got, &want, vocab, case.logit_std);
    }
    Ok(errors)
}
