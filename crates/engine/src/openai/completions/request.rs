//! What a completion may ask for.

use kinora_tensor::Abort;
use serde_json::Value;

use super::answer::{CompletionAnswer, Head};
use crate::Engine;
use crate::chat::{CompletionRequest, Prompt};
use crate::openai::common::{self, model, seed};
use crate::openai::error::{ApiError, Result};
use crate::openai::exchange::{Exchange, Work};
use crate::openai::fields::{Fields, Table};
use crate::openai::format;
use crate::openai::sampling::{EXTENSION, adapters, sampling, speculation};
use crate::openai::series::{Ask, Series};
use crate::openai::service::Stamp;

/// Answers to one prompt at most, and to all of a request.
const MAX_N: u64 = 8;
const MAX_ANSWERS: usize = 256;
/// Tokens of an answer where the request does not say, as the API has it.
const MAX_TOKENS: u64 = 16;

/// The fields of the request.
pub(in crate::openai) const TABLE: Table = Table {
    honoured: &[
        "prompt",
        "model",
        "max_tokens",
        "temperature",
        "top_p",
        "n",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "logprobs",
        "echo",
        "kinora",
    ],
    ignored: &["user"],
    refused: &[
        ("best_of", "is not offered. Leave it out; n gives several answers."),
        ("suffix", "is not offered: the models here only go on. Leave it out."),
    ],
};

/// Checks the request and opens its answers; nothing is computed yet.
///
/// # Errors
/// The first field that cannot be honoured, and what the engine refuses.
pub(in crate::openai) fn open(engine: &Engine, body: &Value, stamp: Stamp, abort: Abort) -> Result<Exchange> {
    let fields = Fields::open(body, "", &TABLE)?;
    let kinora = fields.object("kinora", &EXTENSION)?;
    let named = model(engine, &fields)?;
    let stream = common::stream(&fields)?;
    let seed = seed(&fields, stamp.seed)?;
    let base = CompletionRequest::default();
    let mut request = CompletionRequest {
        model: Some(named.model.clone()),
        max_tokens: Some(fields.integer("max_tokens", 1..=u64::from(u32::MAX))?.unwrap_or(MAX_TOKENS) as usize),
        sampling: sampling(&fields, kinora.as_ref(), base.sampling.clone())?,
        stop: fields.texts("stop")?,
        logprobs: fields.integer("logprobs", 0..=20)?.map(|n| n as usize),
        speculation: speculation(kinora.as_ref())?,
        adapters: adapters(engine, &named, kinora.as_ref())?,
        echo: fields.boolean("echo")?.unwrap_or_default(),
        abort,
        ..base
    };
    if let Some(kinora) = &kinora {
        for name in ["context", "template"] {
            if kinora.get(name).is_some() {
                let message = format!("kinora.{name} goes with chats only. Leave it out.");
                return Err(ApiError::unsupported(kinora.path(name), message));
            }
        }
        request.format = format::extension(kinora, request.format)?;
        request.ignore_end = kinora.boolean("ignore_eos")?.unwrap_or_default();
    }
    let n = fields.integer("n", 1..=MAX_N)?.unwrap_or(1);
    let prompts = prompts(&fields, "prompt")?;
    if prompts.len() * n as usize > MAX_ANSWERS {
        return fields.refuse("prompt", format!("asks for more than {MAX_ANSWERS} answers."));
    }
    let ask = |prompt: Prompt, i: u64| {
        let ask = CompletionRequest { prompt, seed: seed.wrapping_add(i), ..request.clone() };
        Ask::Text(Box::new(ask))
    };
    let asks = prompts.into_iter().flat_map(|prompt| (0..n).map(move |i| (prompt.clone(), i)));
    let asks = asks.map(|(prompt, i)| ask(prompt, i)).collect();
    let head = Head { stamp, model: named.id, seed, usage: stream.usage, per_prompt: n as usize };
    let answer = CompletionAnswer::new(Series::open(engine, asks)?, head, stream.on);
    Ok(Exchange::of(Work::Completion(Box::new(answer)), stream.on, common::ignored(&fields, &TABLE)))
}

/// A text, several, tokens, or several lists of them: the four forms of the API.
///
/// # Errors
/// What is none of these, or nothing.
pub(in crate::openai) fn prompts(fields: &Fields, name: &str) -> Result<Vec<Prompt>> {
    let value = fields.required(name)?;
    let tokens = |items: &[Value]| -> Option<Prompt> {
        let ids = items.iter().map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok()));
        ids.collect::<Option<Vec<_>>>().map(Prompt::Tokens)
    };
    let one = |item: &Value| match item {
        Value::String(text) => Some(Prompt::Text(text.clone())),
        Value::Array(items) if !items.is_empty() => tokens(items),
        _ => None,
    };
    let found = match value {
        Value::Array(items) if items.first().is_some_and(Value::is_number) => tokens(items).map(|p| vec![p]),
        Value::Array(items) if !items.is_empty() => items.iter().map(one).collect(),
        other => one(other).map(|p| vec![p]),
    };
    match found {
        Some(found) => Ok(found),
        None => fields.refuse(name, "must be a string, tokens, or an array of either, and not empty."),
    }
}
