//! Embedding cases: a folder with `model.gguf` (an encoder), `case.json` and `expected.safetensors` (vectors of length one).

use std::path::Path;

use kinora_formats::{GgufFile, SafeTensorsFile};
use kinora_models::text::Encoder;
use kinora_tensor::Device;
use serde::Deserialize;

use super::Report;
use super::text::{exact, read};
use crate::failure::Outcome;

#[derive(Deserialize)]
struct Case {
    tokens: Vec<Vec<u32>>,
    /// The most that a number of a vector may differ.
    tolerance: f32,
}

/// Runs the case in `folder`, whose `case.json` was read.
pub fn run(name: &str, folder: &Path, case: &[u8], device: &Device, report: &mut Report) -> Outcome {
    let case: Case = serde_json::from_slice(case)?;
    let encoder = Encoder::load(&GgufFile::from_bytes(read(folder, "model.gguf")?)?, &exact(device))?;
    let expected = SafeTensorsFile::from_bytes(read(folder, "expected.safetensors")?)?;
    let mut largest = 0.0f32;
    for (i, tokens) in case.tokens.iter().enumerate() {
        let (_, want) = expected.to_f32(&format!("embedding_{i}"))?;
        let got = pollster::block_on(encoder.embed(tokens))?;
        let pairs = got.iter().zip(&want).map(|(g, w)| (g - w).abs());
        let error = pairs.fold(0.0, |m: f32, e| if e.is_nan() { f32::INFINITY } else { m.max(e) });
        largest = largest.max(if got.len() == want.len() { error } else { f32::INFINITY });
        encoder.device().reset_arena();
    }
    report.line(name, largest, case.tolerance);
    Ok(())
}
