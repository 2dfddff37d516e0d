//! `kinora embed MODEL [--file LINES] [--json] [--tokens]`: one vector for each line of text.

use std::io::Write;
use std::path::PathBuf;

use kinora_formats::config::is_encoder;
use kinora_formats::{GgufFile, Tokenizer};
use kinora_models::text::{Decoder, Encoder};
use kinora_tensor::Device;

use crate::embedded::DeviceArgs;
use crate::failure::{Failure, Outcome};
use crate::{text_model, tokenize};

/// Arguments of `kinora embed`.
#[derive(clap::Args)]
pub struct Args {
    /// A .gguf file of an encoder (bert) or of any text model
    model: PathBuf,
    /// The texts, one a line; without it, standard input
    #[arg(long, value_name = "LINES")]
    file: Option<PathBuf>,
    /// One JSON array of arrays instead of a line of numbers for each text
    #[arg(long)]
    json: bool,
    /// The input is a JSON array of arrays of token ids instead
    #[arg(long)]
    tokens: bool,
    /// No activation is rounded to 8 bits
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

/// A network that makes vectors.
enum Model {
    Encoder(Box<Encoder>),
    Decoder(Box<Decoder>),
}

impl Model {
    fn load(file: &GgufFile, device: &Device) -> Outcome<Self> {
        Ok(if is_encoder(file.gguf()) {
            Self::Encoder(Box::new(Encoder::load(file, device)?))
        } else {
            Self::Decoder(Box::new(Decoder::load(file, device)?))
        })
    }

    fn embed(&self, tokens: &[u32]) -> Outcome<Vec<f32>> {
        Ok(match self {
            Self::Encoder(encoder) => pollster::block_on(encoder.embed(tokens))?,
            Self::Decoder(decoder) => pollster::block_on(decoder.embed(tokens))?,
        })
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let place = || args.model.display();
    let file = text_model::open(&args.model).map_err(|e| e.at(place()))?;
    let device = match args.device.open()? {
        Device::Cpu(cpu) if args.exact => Device::Cpu(cpu.exact()),
        other => other,
    };
    let text = tokenize::input(args.file.as_deref())?;
    let texts: Vec<Vec<u32>> = if args.tokens {
        serde_json::from_str(&text)?
    } else {
        let tokenizer = Tokenizer::from_gguf(file.gguf()).map_err(|e| Failure::from(e).at(place()))?;
        text.lines().map(|line| Ok(tokenizer.encode_framed(line, false)?)).collect::<Outcome<Vec<_>>>()?
    };
    let model = Model::load(&file, &device).map_err(|e| e.at(place()))?;
    let mut vectors = Vec::with_capacity(texts.len());
    for (i, tokens) in texts.iter().enumerate() {
        vectors.push(model.embed(tokens).map_err(|e| e.at(format!("text {}", i + 1)))?);
        device.reset_arena();
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&vectors)?)?;
    } else {
        for vector in vectors {
            let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
            writeln!(out, "{}", numbers.join(" "))?;
        }
    }
    Ok(())
}
