//! A text model: how long it loads, how fast it reads a prompt and writes, and what share of the memory's speed that is.

use std::path::Path;
use std::time::Instant;

use kinora_models::text::Decoder;
use kinora_tensor::{Device, Tensor};
use serde_json::json;

use super::{Args, limits, median};
use crate::failure::{Failure, Outcome};
use crate::text_model;

struct Model {
    network: Decoder,
    device: Device,
    vocab: usize,
}

impl Model {
    /// Seconds to read `n` tokens from an empty context, up to the logits of the last.
    fn prefill(&self, n: usize) -> Outcome<f64> {
        let mut cache = self.network.new_cache(n)?;
        let start = Instant::now();
        let logits = self.network.forward(&self.tokens(n), &mut cache)?;
        self.last(&logits)?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Seconds of `n` single-token steps behind `depth` tokens, each feeding back the likeliest.
    fn decode(&self, n: usize, depth: usize) -> Outcome<f64> {
        let mut cache = self.network.new_cache(depth + n)?;
        let mut token = self.last(&self.network.forward(&self.tokens(depth.max(1)), &mut cache)?)?;
        let start = Instant::now();
        for _ in 0..n {
            let logits = self.network.forward(&[token], &mut cache)?;
            token = self.last(&logits)?;
        }
        Ok(start.elapsed().as_secs_f64())
    }

    /// Any tokens will do.
    fn tokens(&self, n: usize) -> Vec<u32> {
        (0..n).map(|i| ((i * 7919 + 13) % self.vocab) as u32).collect()
    }

    /// The likeliest token; ends the step.
    fn last(&self, logits: &Tensor) -> Outcome<u32> {
        let logits = pollster::block_on(logits.to_vec())?;
        self.device.reset_arena();
        let best = (0u32..).zip(logits).reduce(|a, b| if b.1 > a.1 { b } else { a });
        Ok(best.map_or(0, |b| b.0))
    }
}

pub(super) fn run(args: &Args, path: &Path) -> Outcome {
    let device = args.device.open()?;
    let start = Instant::now();
    let at = |e: Failure| e.at(path.display());
    let file = text_model::open(path).map_err(at)?;
    let size = file.size() as f64;
    let network = Decoder::load(&file, &device).map_err(Failure::from).map_err(at)?;
    drop(file);
    device.reset_arena();
    let vocab = network.config().vocab;
    let model = Model { network, device, vocab };
    let load = start.elapsed().as_secs_f64();
    let longest = args.prompt.iter().copied().max().unwrap_or(0).max(args.depth + args.decode);
    if longest > model.network.config().context {
        let most = model.network.config().context;
        return Err(Failure::new(format!(
            "the model reads at most {most} tokens, not {longest}: ask for shorter prompts"
        )));
    }
    model.prefill(16)?;
    model.decode(4, 16)?;
    let runs = |f: &dyn Fn() -> Outcome<f64>| -> Outcome<f64> {
        Ok(median((0..args.runs).map(|_| f()).collect::<Outcome<Vec<_>>>()?.into_iter()))
    };
    let mut prefill = Vec::new();
    for &n in args.prompt.iter().filter(|n| **n > 0) {
        prefill.push((n, n as f64 / runs(&|| model.prefill(n))?));
    }
    let decode = args.decode as f64 / runs(&|| model.decode(args.decode, args.depth))?;
    let threads = match &model.device {
        Device::Cpu(d) => d.threads(),
        Device::Gpu(_) => 1,
    };
    let description = model.device.description();
    let memory = match &model.device {
        Device::Cpu(_) => limits::read_bandwidth(threads),
        Device::Gpu(_) => limits::gpu_bandwidth(&model.device)?,
    };
    let share = decode * size / memory;
    if args.json {
        let prefill: Vec<_> = prefill.iter().map(|(n, t)| json!({ "tokens": n, "tok_per_s": t })).collect();
        let simd = description.split(',').next().unwrap_or_default();
        let info = json!({
            "device": model.device.name(), "simd": simd, "description": description, "threads": threads,
            "bytes_per_token": size, "memory_bytes_per_s": memory, "share_of_memory": share,
        });
        let decode = json!({ "tokens": args.decode, "depth": args.depth, "tok_per_s": decode });
        println!("{}", json!({ "load_s": load, "prefill": prefill, "decode": decode, "info": info }));
        return Ok(());
    }
    println!("{} · {description} · median of {} runs", path.display(), args.runs);
    println!("{:40} {load:>10.3} s", "loaded");
    for (n, speed) in prefill {
        println!("{:40} {speed:>10.1} tokens/s", format!("reads a prompt of {n} tokens"));
    }
    println!("{:40} {decode:>10.1} tokens/s", format!("writes {} tokens behind {}", args.decode, args.depth));
    println!("{:40} {:>10.2} GB/s", "weights read while writing", decode * size / 1e9);
    let all = format!("of the {:.1} GB/s that this memory gives", memory / 1e9);
    println!("{all:40} {:>10.0} %", share * 100.0);
    Ok(())
}
