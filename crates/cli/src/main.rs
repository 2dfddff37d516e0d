//! The native program `kinora`: the engine of the browser package, for developers, tests and benchmarks.
//!
//! Exit codes: 0 done; 1 refused or failed, with one line on stderr that says what and what to do; 2 wrong usage.
//!
//! A command is a module with `Args` and `run`; adding one is a variant of `Command` and an arm of `main`.

mod bench;
mod chat;
mod dataset;
mod embed;
mod embedded;
mod eval;
mod failure;
mod film;
mod inspect;
mod model_file;
mod mp4;
mod parity;
mod selftest;
mod serve;
mod text_model;
mod tokenize;
mod world;

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
    /// Speed of the embedded models on this machine
    Bench(bench::Args),
    /// The text model's answer, as it is written
    Chat(Box<chat::Args>),
    /// Training samples for the recipes, on standard output
    Dataset(dataset::Args),
    /// One vector for each line of text
    Embed(embed::Args),
    /// Measured quality of the embedded models on held-out tasks
    Eval(eval::Args),
    /// An idea becomes a film: script, storyboard, frames
    Film(film::Args),
    /// What a model file holds, or why it is refused
    Inspect(inspect::Args),
    /// Networks against recorded outputs of independent implementations
    Parity(parity::Args),
    /// The OpenAI API over HTTP, on this machine
    Serve(serve::Args),
    /// Every kernel on this machine's device against the CPU
    Selftest(selftest::Args),
    /// Token ids of a text, as one JSON array
    Tokenize(tokenize::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Bench(args) => bench::run(&args),
        Command::Chat(args) => chat::run(&args),
        Command::Dataset(args) => dataset::run(&args),
        Command::Embed(args) => embed::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Film(args) => film::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Parity(args) => parity::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Selftest(args) => selftest::run(&args),
        Command::Tokenize(args) => tokenize::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
