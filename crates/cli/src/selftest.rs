//! `kinora selftest [--device cpu|gpu] [--json]`: every kernel on this machine's device against the CPU.

use std::io::{BufWriter, Write};
use std::time::Instant;

use kinora_tensor::{Abort, Device, KernelReport, selftest};
use pollster::block_on;
use serde_json::json;

use crate::embedded::DeviceChoice;
use crate::failure::{Failure, Outcome};

/// Arguments of `kinora selftest`.
#[derive(clap::Args)]
pub struct Args {
    /// What to test: auto takes the GPU where there is any, in software too
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// Runs the command. A device that must not be used is a failure.
pub fn run(args: &Args) -> Outcome {
    let device = match args.device {
        DeviceChoice::Cpu => Device::cpu(1),
        DeviceChoice::Gpu => block_on(Device::gpu())?,
        DeviceChoice::Auto => block_on(Device::gpu()).unwrap_or_else(|_| Device::cpu(1)),
    };
    let start = Instant::now();
    let found = block_on(selftest(&device, &Abort::default(), |_, _| ()))?;
    let seconds = start.elapsed().as_secs_f64();
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.json {
        let kernel = |r: &KernelReport| {
            json!({ "kernel": r.kernel, "set": r.set, "ok": r.passes(), "difference": finite(r.difference),
                    "allowed": r.allowed, "error": r.error })
        };
        let kernels: Vec<_> = found.reports.iter().map(kernel).collect();
        let all = json!({ "device": device.name(), "description": device.description(), "seconds": seconds,
                          "set": found.set, "kernels": kernels });
        writeln!(out, "{all}")?;
    } else {
        writeln!(out, "{}", device.description())?;
        for r in &found.reports {
            let verdict = if r.passes() { "ok" } else { "WRONG" };
            let why = r.error.as_deref().map_or_else(String::new, |e| format!("  {e}"));
            writeln!(out, "{verdict:<6}{:<9} {:<56} {:.1e} of {:.0e}{why}", r.set, r.kernel, r.difference, r.allowed)?;
        }
        writeln!(out, "{} computations in {seconds:.1} s", found.reports.len())?;
    }
    out.flush()?;
    match found.set {
        Some(_) => Ok(()),
        None => Err(Failure::new(format!(
            "{} computes wrongly ({}): use --device cpu, and report it with this output",
            device.description(),
            found.failures().map(|r| r.kernel).collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// JSON has no infinity.
fn finite(v: f32) -> Option<f32> {
    v.is_finite().then_some(v)
}
