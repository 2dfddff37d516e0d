//! Writes the text corpus to standard output, one JSON object a line.
//!
//! `kinora-corpus --seed 1 --count 1000 --split train [--start 0]`, or `kinora-corpus --words` for the words that ideas decide

use kinora_world::corpus::{Split, decided_words, sample};
use std::io::Write;
use std::process::ExitCode;

fn number(value: Option<&String>, name: &str) -> Result<u64, String> {
    value.and_then(|v| v.parse().ok()).ok_or_else(|| format!("{name} needs a number"))
}

fn run(args: &[String]) -> Result<(), String> {
    let (mut seed, mut start, mut count, mut split) = (1, 0, 1000, Split::Train);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--words" => {
                println!("{}", decided_words().join("\n"));
                return Ok(());
            }
            "--seed" => seed = number(args.next(), arg)?,
            "--start" => start = number(args.next(), arg)?,
            "--count" => count = number(args.next(), arg)?,
            "--split" => {
                split = match args.next().map(String::as_str) {
                    Some("train") => Split::Train,
                    Some("heldout") => Split::HeldOut,
                    _ => return Err("--split is train or heldout".into()),
                }
            }
            _ => {
                return Err(format!(
                    "unknown argument {arg}; usage: --seed S --start N --count N --split train|heldout"
                ));
            }
        }
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for index in start..start.saturating_add(count) {
        // a reader that has enough closes the pipe: that is no error
        if writeln!(out, "{}", sample(seed, index, split).to_json()).is_err() {
            break;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("kinora-corpus: {message}");
            ExitCode::from(2)
        }
    }
}
