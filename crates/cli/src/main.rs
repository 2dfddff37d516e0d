//! The native program `kinora`: the engine of the browser package, for developers, tests and benchmarks.
//!
//! Exit codes: 0 done; 1 refused or failed, with one line on stderr that says what and what to do; 2 wrong usage.
//!
//! A command is a module with `Args` and `run`; adding one is a variant of `Command` and an arm of `main`.

mod dataset;
mod failure;
mod inspect;
mod model_file;
mod tokenize;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A film studio in a box: small text and video models, run on this machine.
#[derive(Parser)]
#[command(name = "kinora", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Training samples for the recipes, on standard output
    Dataset(dataset::Args),
    /// What a model file holds, or why it is refused
    Inspect(inspect::Args),
    /// Token ids of a text, as one JSON array
    Tokenize(tokenize::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Dataset(args) => dataset::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Tokenize(args) => tokenize::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
