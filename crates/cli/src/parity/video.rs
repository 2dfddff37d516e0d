//! Video cases: one safetensors file a case with weights `w.*`, inputs `in.*` and expectations `out.*`, and a
//! `manifest.json` beside them with each case's config.

use std::path::Path;

use kinora_engine::scheduler::{Table, UniPc, euler_sigmas, euler_step, predict_clean, renoise, shift_sigma};
use kinora_formats::SafeTensorsFile;
use kinora_models::{Weights, video::taehv, video::wan::Wan};
use kinora_tensor::{Device, Tensor};
use serde_json::Value;

use super::Report;
use crate::failure::{Failure, Outcome};

/// Largest |got − expected| over the largest |expected|, in f32.
const TOLERANCE: f32 = 1e-4;

/// Runs every case of the manifest in `folder`.
pub fn run(folder: &Path, device: &Device, report: &mut Report) -> Outcome {
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json"))?)?;
    let cases =
        manifest.get("cases").and_then(Value::as_object).ok_or_else(|| Failure::new("the manifest has no cases"))?;
    for (name, case) in cases {
        let config = case.get("config").cloned().unwrap_or_default();
        let file = open(folder, case)?;
        let result = match name.as_str() {
            "wan_dit_tiny" => wan_dit(&file, &config, device),
            "wan_dit_causal_tiny" => {
                let other = config.get("weights_from").and_then(|n| cases.get(n.as_str()?));
                let weights =
                    other.ok_or_else(|| Failure::new("weights_from names no case")).and_then(|c| open(folder, c));
                weights.and_then(|weights| wan_causal(&file, &weights, &config, device))
            }
            "taehv_tiny" => taehv_case(&file, device),
            "schedulers" => schedulers(&file),
            _ => {
                report.unsupported(name);
                continue;
            }
        };
        match result {
            Ok(errors) => {
                errors.into_iter().for_each(|(what, error)| report.line(&format!("{name}.{what}"), error, TOLERANCE))
            }
            Err(failure) => report.failed(name, failure),
        }
    }
    Ok(())
}

fn open(folder: &Path, case: &Value) -> Outcome<SafeTensorsFile> {
    let file = case.get("file").and_then(Value::as_str).ok_or_else(|| Failure::new("a case names no file"))?;
    let path = folder.join(file);
    let bytes = std::fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))?;
    Ok(SafeTensorsFile::from_bytes(bytes)?)
}

/// The errors of one case, by output.
type Errors = Vec<(String, f32)>;

fn relative_error(got: &[f32], expected: &[f32]) -> f32 {
    if got.len() != expected.len() {
        return f32::INFINITY;
    }
    let largest = expected.iter().fold(1e-12f32, |m, v| m.max(v.abs()));
    got.iter().zip(expected).fold(0.0f32, |m, (g, e)| if g.is_nan() { f32::INFINITY } else { m.max((g - e).abs()) })
        / largest
}

fn check(errors: &mut Errors, name: &str, got: &Tensor, file: &SafeTensorsFile) -> Outcome {
    let got = pollster::block_on(got.to_vec())?;
    errors.push((name.to_string(), relative_error(&got, &file.to_f32(&format!("out.{name}"))?.1)));
    Ok(())
}

fn input(file: &SafeTensorsFile, name: &str, device: &Device) -> Outcome<Tensor> {
    let (shape, values) = file.to_f32(&format!("in.{name}"))?;
    Ok(Tensor::from_f32(device, &shape, &values)?)
}

fn timesteps(file: &SafeTensorsFile, name: &str) -> Outcome<Vec<f64>> {
    Ok(file.to_f32(name)?.1.into_iter().map(f64::from).collect())
}

fn number(config: &Value, key: &str) -> Outcome<usize> {
    let value = config.get(key).and_then(Value::as_u64).and_then(|v| usize::try_from(v).ok());
    value.ok_or_else(|| Failure::new(format!("the config has no {key}")))
}

fn wan_dit(file: &SafeTensorsFile, config: &Value, device: &Device) -> Outcome<Errors> {
    let wan = Wan::load(&Weights::new(file).pp("w"), Some(number(config, "heads")?), device)?;
    let text = wan.text(&input(file, "context", device)?, number(config, "context_pad_len")?)?;
    let x = input(file, "x", device)?;
    let mut errors = Errors::new();
    check(&mut errors, "flow", &wan.forward(&x, &timesteps(file, "in.t")?, &text, None)?, file)?;
    let per_frame = wan.forward(&x, &timesteps(file, "in.t_frames")?, &text, None)?;
    check(&mut errors, "flow_per_frame_t", &per_frame, file)?;
    Ok(errors)
}

/// One latent frame at a time with a cache equals one masked pass.
fn wan_causal(file: &SafeTensorsFile, weights: &SafeTensorsFile, config: &Value, device: &Device) -> Outcome<Errors> {
    let wan = Wan::load(&Weights::new(weights).pp("w"), Some(number(config, "heads")?), device)?;
    let text = wan.text(&input(file, "context", device)?, number(config, "context_pad_len")?)?;
    let x = input(file, "x", device)?;
    let [_, frames, height, width] = x.shape()[..] else { return Err(Failure::new("in.x is not [C, F, H, W]")) };
    let [_, ph, pw] = wan.config().patch;
    let mut cache = wan.cache(frames, (height / ph) * (width / pw))?;
    let mut outputs = Vec::new();
    for (frame, t) in timesteps(file, "in.t_frames")?.into_iter().enumerate() {
        outputs.push(wan.forward(&x.narrow(1, frame, 1)?, &[t], &text, Some(&mut cache))?);
    }
    let mut errors = Errors::new();
    check(&mut errors, "flow", &Tensor::concat(&outputs.iter().collect::<Vec<_>>(), 1)?, file)?;
    for layer in 0..wan.config().num_layers {
        check(&mut errors, &format!("k{layer}"), &cache.keys(layer)?, file)?;
    }
    Ok(errors)
}

fn taehv_case(file: &SafeTensorsFile, device: &Device) -> Outcome<Errors> {
    let weights = Weights::new(file).pp("w");
    let decoder = taehv::Decoder::load(&weights, device)?;
    let encoder = taehv::Encoder::load(&weights, device)?;
    let mut errors = Errors::new();
    let (mut stream, mut frames) = (decoder.stream(), Vec::new());
    for latent in input(file, "z", device)?.unstack(0)? {
        decoder.push(&latent, &mut stream, &mut |frame| {
            frames.push(frame);
            Ok(())
        })?;
    }
    check(&mut errors, "video", &Tensor::concat(&frames.iter().collect::<Vec<_>>(), 0)?, file)?;
    let latents = encoder.encode(&input(file, "video", device)?.unstack(0)?)?;
    check(&mut errors, "z", &Tensor::concat(&latents.iter().collect::<Vec<_>>(), 0)?, file)?;
    Ok(errors)
}

/// The velocity that the scheduler cases use in place of a network.
fn stand_in(x: &[f32], t: f64) -> Vec<f32> {
    x.iter().map(|&x| ((1.7 * f64::from(x) + t / 300.0).sin() * 0.8 + 0.3 * f64::from(x)) as f32).collect()
}

fn schedulers(file: &SafeTensorsFile) -> Outcome<Errors> {
    let (_, start) = file.to_f32("in.x")?;
    let mut errors = Errors::new();
    let mut compare = |name: String, got: &[f32]| -> Outcome {
        errors.push((name.clone(), relative_error(got, &file.to_f32(&format!("out.{name}"))?.1)));
        Ok(())
    };
    for shift in [3.0, 5.0, 8.0] {
        for (name, table) in [("diffusers", Table::Diffusers), ("wanrepo", Table::Wan)] {
            let (mut sampler, mut x) = (UniPc::new(table, 8, shift), start.clone());
            for t in sampler.timesteps().to_vec() {
                let velocity = stand_in(&x, t);
                sampler.step(&mut x, &velocity);
            }
            compare(format!("unipc_{name}_shift{shift}"), &x)?;
        }
        let (sigmas, mut x) = (euler_sigmas(4, shift), start.clone());
        for pair in sigmas.windows(2) {
            let velocity = stand_in(&x, 1000.0 * pair[0]);
            euler_step(&mut x, &velocity, pair[0], pair[1]);
        }
        compare(format!("euler_shift{shift}"), &x)?;
    }
    let (_, noise) = file.to_f32("in.dmd_noise")?;
    let levels = [1.0, 0.75, 0.5, 0.25].map(|s| shift_sigma(s, 5.0));
    let mut x = start;
    for (i, &sigma) in levels.iter().enumerate() {
        let velocity = stand_in(&x, 1000.0 * sigma);
        predict_clean(&mut x, &velocity, sigma);
        if let (Some(&next), Some(noise)) = (levels.get(i + 1), noise.chunks(x.len()).nth(i)) {
            renoise(&mut x, noise, next);
        }
    }
    compare("dmd4".to_string(), &x)?;
    Ok(errors)
}
