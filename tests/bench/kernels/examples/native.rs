//! `cargo run --release -p kinora-bench --example native -- THREADS|gpu CASE...`: milliseconds of each case, by the clock and of CPU.

use std::time::{Duration, Instant};

use kinora_bench::{Case, Error};
use kinora_tensor::Device;

/// Milliseconds of CPU that this process used, by Linux's scheduler: what a busy machine leaves alone. 0 elsewhere.
fn cpu_ms() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let ns = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0)
    };
    tasks.map(ns).sum::<f64>() / 1e6
}

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let device = match args.next().unwrap_or_default().as_str() {
        "gpu" => pollster::block_on(Device::gpu())?,
        threads => Device::cpu(threads.parse().unwrap_or(1)),
    };
    let painter = std::fs::read("models/paint/paint.safetensors").ok();
    for name in args {
        let Some(case) = Case::new(&name, &device, painter.clone())? else {
            println!("{name:32} is no case");
            continue;
        };
        pollster::block_on(case.run())?;
        let (start, cpu, mut ms) = (Instant::now(), cpu_ms(), Vec::new());
        while start.elapsed() < Duration::from_millis(400) || ms.len() < 5 {
            let one = Instant::now();
            pollster::block_on(case.run())?;
            ms.push(one.elapsed().as_secs_f64() * 1e3);
        }
        let cpu = (cpu_ms() - cpu) / ms.len() as f64;
        ms.sort_by(f64::total_cmp);
        println!("{name:36} median {:9.3} ms, best {:9.3}, of CPU {cpu:9.3}", ms[ms.len() / 2], ms[0]);
    }
    Ok(())
}
