//! `kinora chat`: the text model's answer, as it is written; without a prompt, a conversation.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use kinora_engine::openai::{ApiError, Event, Request, Service};
use serde_json::{Map, Value, json};

use crate::embedded::DeviceArgs;
use crate::failure::{Failure, Outcome};
use crate::serve;
use crate::text_model::{self, TextArgs};

/// Ask the text model; the answer streams to standard output. Without a prompt: a conversation in a terminal (/new begins
/// anew, /quit or Ctrl-D ends), else all of standard input is the prompt
#[derive(clap::Args)]
pub struct Args {
    /// What to say to it
    prompt: Option<String>,
    /// A GGUF file; the embedded model without it
    #[arg(long)]
    model: Option<PathBuf>,
    /// A low-rank adapter of the model, a GGUF file in llama.cpp's layout, and its strength where it is not 1. Repeatable
    #[arg(long, value_name = "FILE[=STRENGTH]", value_parser = adapter)]
    adapter: Vec<(PathBuf, f32)>,
    /// What it should keep in mind, said before the conversation
    #[arg(long)]
    system: Option<String>,
    /// Print the whole answer as one line of JSON, with its usage
    #[arg(long)]
    json: bool,
    /// What it took, on standard error
    #[arg(long)]
    usage: bool,
    #[command(flatten)]
    drawing: Drawing,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    text: TextArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// How tokens are drawn.
#[derive(clap::Args)]
#[command(next_help_heading = "How tokens are drawn")]
struct Drawing {
    /// Tokens of the answer at most
    #[arg(long, default_value_t = 512)]
    max_tokens: u32,
    /// 0 takes the likeliest token each time
    #[arg(long, default_value = "0.7")]
    temperature: f64,
    /// The fewest likeliest tokens whose probabilities reach this sum
    #[arg(long, default_value = "0.95")]
    top_p: f64,
    /// Only the so many likeliest tokens
    #[arg(long)]
    top_k: Option<u32>,
    /// Only tokens at least this fraction as likely as the likeliest
    #[arg(long)]
    min_p: Option<f64>,
    /// Only tokens about as surprising as is expected, up to this sum
    #[arg(long)]
    typical_p: Option<f64>,
    /// Divides the logits of tokens that were just used
    #[arg(long)]
    repetition_penalty: Option<f64>,
    /// Subtracted for each time that a token was used
    #[arg(long, allow_hyphen_values = true)]
    frequency_penalty: Option<f64>,
    /// Subtracted for tokens that were used
    #[arg(long, allow_hyphen_values = true)]
    presence_penalty: Option<f64>,
    /// The chance that likely tokens are dropped (XTC)
    #[arg(long)]
    xtc: Option<f64>,
    /// Penalty of what would repeat a sequence (DRY)
    #[arg(long)]
    dry: Option<f64>,
    /// Mirostat of this version, 1 or 2
    #[arg(long)]
    mirostat: Option<u32>,
    /// Same seed, same answer
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The answer ends before this text; may be given several times
    #[arg(long)]
    stop: Vec<String>,
    /// Tokens of the prompt are guesses for those of the answer: the same answer, sooner
    #[arg(long)]
    prompt_lookup: bool,
}

/// What the answer must look like.
#[derive(clap::Args)]
#[command(next_help_heading = "What the answer must look like")]
#[group(multiple = false)]
struct Shape {
    /// A file with a JSON schema
    #[arg(long, value_name = "FILE", alias = "json-schema")]
    schema: Option<PathBuf>,
    /// A regular expression
    #[arg(long)]
    regex: Option<String>,
    /// A file with a grammar, GBNF or Lark
    #[arg(long, value_name = "FILE")]
    grammar: Option<PathBuf>,
    /// One of these texts; may be given several times
    #[arg(long)]
    choice: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let files: Vec<PathBuf> = args.model.iter().cloned().collect();
    let body = body(args)?;
    let (engine, names) = text_model::load(&files, &args.text, &args.device)?;
    let model = names.first().map(String::as_str);
    for (path, strength) in &args.adapter {
        let load = || -> Outcome {
            Ok(engine.load_adapter(model, &path.to_string_lossy(), &text_model::open(path)?, *strength)?)
        };
        load().map_err(|e| e.at(path.display()))?;
    }
    let device = engine.device().description();
    let mut chat = Chat { service: Service::new(engine, serve::now), body, messages: Vec::new(), args, device };
    if let Some(name) = names.first() {
        chat.body.insert("model".into(), name.as_str().into());
    }
    chat.begin();
    match &args.prompt {
        Some(prompt) => chat.turn(prompt),
        None if io::stdin().is_terminal() => chat.converse(),
        None => {
            let mut prompt = String::new();
            io::stdin().lock().read_to_string(&mut prompt)?;
            chat.turn(&prompt)
        }
    }
}

/// `FILE` or `FILE=STRENGTH`; a name with an equals sign and no number behind it is a name.
fn adapter(text: &str) -> Result<(PathBuf, f32), std::convert::Infallible> {
    let split = text.rsplit_once('=').and_then(|(path, strength)| Some((path, strength.parse().ok()?)));
    let (path, strength) = split.unwrap_or((text, 1.0));
    Ok((path.into(), strength))
}

/// The fields of the request that do not change from turn to turn.
fn body(args: &Args) -> Outcome<Map<String, Value>> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| Failure::from(e).at(path.display()));
    let (d, s) = (&args.drawing, &args.shape);
    let format = match &s.schema {
        None => Value::Null,
        Some(path) => {
            let schema: Value = serde_json::from_str(&read(path)?).map_err(|e| Failure::from(e).at(path.display()))?;
            json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": schema } })
        }
    };
    let strength = |(path, strength): &(PathBuf, f32)| (path.to_string_lossy().into_owned(), (*strength).into());
    let adapters: Map<String, Value> = args.adapter.iter().map(strength).collect();
    let grammar = s.grammar.as_deref().map(read).transpose()?;
    let body = json!({
        "max_tokens": d.max_tokens,
        "temperature": d.temperature,
        "top_p": d.top_p,
        "frequency_penalty": d.frequency_penalty,
        "presence_penalty": d.presence_penalty,
        "seed": d.seed,
        "stop": (!d.stop.is_empty()).then_some(&d.stop),
        "response_format": format,
        "kinora": {
            "top_k": d.top_k,
            "min_p": d.min_p,
            "typical_p": d.typical_p,
            "repetition_penalty": d.repetition_penalty,
            "xtc": d.xtc.map(|p| json!({ "probability": p })),
            "dry": d.dry.map(|m| json!({ "multiplier": m })),
            "mirostat": d.mirostat.map(|v| json!({ "version": v })),
            "adapters": adapters,
            "speculation": d.prompt_lookup.then_some("prompt_lookup"),
            "regex": s.regex,
            "grammar": grammar,
            "choice": (!s.choice.is_empty()).then_some(&s.choice),
        },
    });
    match body {
        Value::Object(body) => Ok(body),
        _ => Ok(Map::new()),
    }
}

/// A conversation.
struct Chat<'a> {
    service: Service,
    body: Map<String, Value>,
    messages: Vec<Value>,
    args: &'a Args,
    device: String,
}

impl Chat<'_> {
    fn begin(&mut self) {
        self.messages = self.args.system.iter().map(|text| json!({ "role": "system", "content": text })).collect();
    }

    /// Reads lines until the terminal ends. An error is told, and the conversation goes on without that turn.
    fn converse(&mut self) -> Outcome {
        let mut lines = io::stdin().lock().lines();
        loop {
            eprint!("> ");
            let Some(line) = lines.next().transpose()? else {
                eprintln!();
                return Ok(());
            };
            match line.trim() {
                "" => {}
                "/quit" | "/exit" => return Ok(()),
                "/new" => self.begin(),
                said => {
                    if let Err(failure) = self.turn(said) {
                        if failure.is_broken_pipe() {
                            return Err(failure);
                        }
                        failure.tell();
                    }
                }
            }
        }
    }

    /// Says `prompt` and writes the answer, which both become part of the conversation.
    fn turn(&mut self, prompt: &str) -> Outcome {
        self.messages.push(json!({ "role": "user", "content": prompt }));
        match self.answer() {
            Ok(text) => {
                self.messages.push(json!({ "role": "assistant", "content": text }));
                Ok(())
            }
            Err(e) => {
                self.messages.pop();
                Err(e)
            }
        }
    }

    fn answer(&self) -> Outcome<String> {
        let mut body = self.body.clone();
        body.insert("messages".into(), self.messages.clone().into());
        if !self.args.json {
            body.insert("stream".into(), true.into());
            body.insert("stream_options".into(), json!({ "include_usage": true }));
        }
        let request = Request {
            method: "POST".into(),
            path: "/v1/chat/completions".into(),
            body: Value::Object(body).to_string(),
            ..Default::default()
        };
        let mut exchange = self.service.open(request);
        let mut out = io::stdout().lock();
        let (mut text, mut refused) = (String::new(), None);
        while let Some(event) = pollster::block_on(exchange.next()) {
            match event {
                Event::Working => {}
                Event::Head { status, .. } => refused = (status >= 400).then_some(status),
                Event::Body { text: piece } if refused.is_some() => {
                    return Err(failure(&serde_json::from_str(&piece)?));
                }
                Event::Body { text: piece } if self.args.json => {
                    let whole: Value = serde_json::from_str(&piece)?;
                    text.push_str(whole["choices"][0]["message"]["content"].as_str().unwrap_or_default());
                    writeln!(out, "{whole}")?;
                }
                Event::Body { text: piece } => {
                    for data in piece.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|d| *d != "[DONE]")
                    {
                        self.chunk(&serde_json::from_str(data)?, &mut text, &mut out)?;
                    }
                }
            }
        }
        Ok(text)
    }

    fn chunk(&self, chunk: &Value, text: &mut String, out: &mut impl Write) -> Outcome {
        if !chunk["error"].is_null() {
            return Err(failure(chunk));
        }
        let choice = &chunk["choices"][0];
        if let Some(delta) = choice["delta"]["content"].as_str() {
            out.write_all(delta.as_bytes())?;
            out.flush()?;
            text.push_str(delta);
        }
        if !choice["finish_reason"].is_null() {
            writeln!(out)?;
            if self.args.usage {
                let ms = chunk["kinora"]["ms"].as_f64().unwrap_or_default();
                eprintln!("{:.2} s on {}", ms / 1000.0, self.device);
            }
        }
        let usage = &chunk["usage"];
        if self.args.usage && usage.is_object() {
            eprintln!("{} + {} tokens", usage["prompt_tokens"], usage["completion_tokens"]);
        }
        Ok(())
    }
}

/// The failure that an error body tells.
fn failure(body: &Value) -> Failure {
    let error = &body["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default();
    Failure::from(ApiError { param: None, ..ApiError::new(500, text("code"), text("message")) })
}
