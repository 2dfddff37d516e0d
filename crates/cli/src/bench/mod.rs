//! `kinora bench`: speed on this machine, of the embedded models stage by stage or of any text model.

mod film;
mod limits;
mod text;

use std::path::PathBuf;

use crate::embedded;
use crate::failure::Outcome;

/// Speed of the embedded models, or of a text model, on this machine
#[derive(clap::Args)]
pub struct Args {
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// A GGUF text model; without it, films are made with the embedded models
    #[arg(long)]
    model: Option<PathBuf>,
    /// Films to make, or runs of each figure of a text model; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    runs: u32,
    /// Text model: lengths of the prompts to read
    #[arg(long, value_delimiter = ',', default_value = "128,512", requires = "model")]
    prompt: Vec<usize>,
    /// Text model: tokens to write, one by one
    #[arg(long, default_value_t = 64, requires = "model")]
    decode: usize,
    /// Text model: tokens that lie before those
    #[arg(long, default_value_t = 128, requires = "model")]
    depth: usize,
    #[command(flatten)]
    device: embedded::DeviceArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    match &args.model {
        Some(path) => text::run(args, path),
        None => film::run(args),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
