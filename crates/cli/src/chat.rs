//! `kinora chat`: the text model's answer, as it is written.

use std::io::{self, Write};
use std::path::PathBuf;

use kinora_engine::chat::{ChatEvent, ChatRequest, Message, ResponseFormat};
use kinora_engine::sampling::Sampling;
use kinora_engine::{Engine, ModelFiles};

use crate::embedded::{self, DeviceArgs};
use crate::failure::{Failure, Outcome};

/// Ask the text model; the answer streams to standard output
#[derive(clap::Args)]
pub struct Args {
    /// What to say to it
    prompt: String,
    /// A GGUF file; the embedded model without it
    #[arg(long)]
    model: Option<PathBuf>,
    /// What it should keep in mind, said before the prompt
    #[arg(long)]
    system: Option<String>,
    /// Tokens of the answer at most
    #[arg(long, default_value_t = 512)]
    max_tokens: usize,
    /// 0 takes the likeliest token each time
    #[arg(long, default_value_t = 0.7)]
    temperature: f32,
    /// The fewest likeliest tokens whose probabilities reach this sum
    #[arg(long, default_value_t = 0.95)]
    top_p: f32,
    /// Same seed, same answer
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A file with a JSON schema that the answer must follow
    #[arg(long)]
    json_schema: Option<PathBuf>,
    /// What it took, on standard error
    #[arg(long)]
    usage: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let read = |path: &PathBuf| std::fs::read(path).map_err(|e| Failure::from(e).at(path.display()));
    let json_schema = match &args.json_schema {
        None => None,
        Some(path) => Some(serde_json::from_slice(&read(path)?).map_err(|e| Failure::from(e).at(path.display()))?),
    };
    let model = match &args.model {
        Some(path) => path.clone(),
        None => embedded::folder()?.join("text/kinora-text.gguf"),
    };
    let files = ModelFiles { text: read(&model)?, ..Default::default() };
    let engine = Engine::load(files, args.device.open()?)?;
    let mut messages: Vec<Message> = args.system.iter().map(Message::system).collect();
    messages.push(Message::user(&args.prompt));
    let mut answer = engine.chat(ChatRequest {
        messages,
        max_tokens: Some(args.max_tokens),
        sampling: Sampling { temperature: args.temperature, top_p: args.top_p, ..Sampling::default() },
        seed: args.seed,
        format: json_schema.map_or(ResponseFormat::Text, ResponseFormat::JsonSchema),
        ..Default::default()
    })?;
    let start = std::time::Instant::now();
    let mut out = io::stdout().lock();
    while let Some(event) = pollster::block_on(answer.next())? {
        match event {
            ChatEvent::Delta { text, .. } => {
                out.write_all(text.as_bytes())?;
                out.flush()?;
            }
            ChatEvent::Done { usage, .. } => {
                writeln!(out)?;
                if args.usage {
                    let (seconds, n) = (start.elapsed().as_secs_f32(), usage.completion_tokens);
                    let (prompt, forced, device) =
                        (usage.prompt_tokens, usage.forced_tokens, engine.device().description());
                    eprintln!("{prompt} + {n} tokens ({forced} forced) in {seconds:.2} s on {device}");
                }
            }
            ChatEvent::ToolCall { .. } | ChatEvent::ToolArguments { .. } => {} // no tools were given
        }
    }
    Ok(())
}
