//! What a chat may ask for.

use kinora_tensor::Abort;
use serde_json::Value;

use super::answer::{ChatAnswer, Head};
use crate::Engine;
use crate::chat::ChatRequest;
use crate::openai::common::{self, model, seed};
use crate::openai::error::Result;
use crate::openai::exchange::{Exchange, Work};
use crate::openai::fields::{Fields, Table};
use crate::openai::sampling::{EXTENSION, adapters, context, sampling, speculation};
use crate::openai::series::{Ask, Series};
use crate::openai::service::Stamp;
use crate::openai::{format, messages, tools};
use crate::sampling::Sampling;

/// Answers to one conversation at most.
const MAX_N: u64 = 8;

/// The fields of the request.
pub(in crate::openai) const TABLE: Table = Table {
    honoured: &[
        "messages",
        "model",
        "max_completion_tokens",
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
        "top_logprobs",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "reasoning_effort",
        "modalities",
        "kinora",
    ],
    ignored: &[
        "user",
        "metadata",
        "store",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
    ],
    refused: &[
        ("functions", "is the old form of tools. Use tools."),
        ("function_call", "is the old form of tool_choice. Use tool_choice."),
        ("audio", "is not made: no voice is loaded. Leave it out."),
        ("prediction", "is not used. Leave it out; kinora.speculation guesses tokens ahead."),
        ("moderation", "is not offered. Leave it out."),
        ("verbosity", "is not known to the models here. Ask for a short or a long answer in words."),
        ("web_search_options", "is not offered: nothing leaves this machine. Leave it out."),
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
    if fields.texts("modalities")?.iter().any(|m| m != "text") {
        return fields.refuse("modalities", "can be [\"text\"] only: no voice is loaded.");
    }
    let tool_list = tools::tools(&fields, tools::Spelling::Nested)?;
    let max_tokens = fields.integer("max_completion_tokens", 1..=u64::from(u32::MAX))?;
    let max_tokens = max_tokens.or(fields.integer("max_tokens", 1..=u64::from(u32::MAX))?);
    let mut request = ChatRequest {
        model: Some(named.model.clone()),
        messages: messages::messages(&fields)?,
        tool_choice: tools::choice(&fields, &tool_list, tools::Spelling::Nested)?,
        tools: tool_list,
        parallel_tool_calls: fields.boolean("parallel_tool_calls")?.unwrap_or(true),
        max_tokens: max_tokens.map(|n| n as usize),
        sampling: sampling(&fields, kinora.as_ref(), Sampling::default())?,
        seed: seed(&fields, stamp.seed)?,
        stop: fields.texts("stop")?,
        format: format::nested(&fields)?,
        logprobs: logprobs(&fields)?,
        context: context(kinora.as_ref())?,
        speculation: speculation(kinora.as_ref())?,
        adapters: adapters(engine, &named, kinora.as_ref())?,
        template: template(&fields, kinora.as_ref())?,
        abort,
    };
    if let Some(kinora) = &kinora {
        request.format = format::extension(kinora, request.format)?;
    }
    let n = fields.integer("n", 1..=MAX_N)?.unwrap_or(1);
    let head = Head { stamp, model: named.id, seed: request.seed, usage: stream.usage };
    let asks = (0..n).map(|i| {
        let seed = request.seed.wrapping_add(i);
        Ask::Chat(Box::new(ChatRequest { seed, ..request.clone() }))
    });
    let answer = ChatAnswer::new(Series::open(engine, asks.collect())?, head, stream.on);
    Ok(Exchange::of(Work::Chat(Box::new(answer)), stream.on, common::ignored(&fields, &TABLE)))
}

/// Alternatives to tell for each token, where logprobs are asked for.
fn logprobs(fields: &Fields) -> Result<Option<usize>> {
    let on = fields.boolean("logprobs")?.unwrap_or_default();
    match fields.integer("top_logprobs", 0..=20)? {
        Some(_) if !on => fields.refuse("top_logprobs", "goes with logprobs: true only. Set it, or leave this out."),
        top => Ok(on.then_some(top.unwrap_or(0) as usize)),
    }
}

/// Values for the chat template: those of the extension, and the API's word for thinking.
fn template(fields: &Fields, kinora: Option<&Fields>) -> Result<serde_json::Map<String, Value>> {
    let mut values = match kinora.and_then(|k| k.get("template")) {
        None => serde_json::Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => return fields.refuse("kinora.template", "must be an object."),
    };
    let efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];
    if let Some(effort) = fields.word("reasoning_effort", &efforts)? {
        values.entry("enable_thinking").or_insert((effort != "none").into());
        values.entry("reasoning_effort").or_insert(effort.into());
    }
    Ok(values)
}
