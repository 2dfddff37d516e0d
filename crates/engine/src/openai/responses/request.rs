//! What a response may ask for.

use std::cell::RefCell;
use std::rc::Rc;

use kinora_tensor::Abort;
use serde_json::{Value, json};

use super::answer::{Head, ResponseAnswer};
use super::store::Store;
use super::{input, output::Output};
use crate::Engine;
use crate::chat::{ChatRequest, ContextPolicy, Message, ResponseFormat};
use crate::openai::common::{self, model, seed};
use crate::openai::error::Result;
use crate::openai::exchange::{Exchange, Work};
use crate::openai::fields::{Fields, Table};
use crate::openai::sampling::{EXTENSION, adapters, context, sampling, speculation};
use crate::openai::series::{Ask, Series};
use crate::openai::service::Stamp;
use crate::openai::{format, tools};
use crate::sampling::Sampling;

/// The fields of the request.
pub(in crate::openai) const TABLE: Table = Table {
    honoured: &[
        "input",
        "instructions",
        "model",
        "max_output_tokens",
        "temperature",
        "top_p",
        "top_logprobs",
        "include",
        "text",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_tool_calls",
        "stream",
        "stream_options",
        "store",
        "previous_response_id",
        "truncation",
        "kinora",
    ],
    ignored: &[
        "user",
        "metadata",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
    ],
    refused: &[
        ("background", "is not offered: an answer is made while it is read. Leave it out."),
        ("conversation", "is not offered. Use previous_response_id."),
        ("prompt", "names a prompt on a server, and there is none. Send its text as instructions."),
        ("reasoning", "is not offered. Leave it out; kinora.template sets what the model's template knows."),
        ("context_management", "is not offered. Use truncation."),
        ("access_programs", "is not offered. Leave it out."),
    ],
};
const TEXT: Table = Table {
    honoured: &["format"],
    ignored: &[],
    refused: &[("verbosity", "is not known to the models here. Ask for a short or a long answer in words.")],
};
const LOGPROBS: &str = "message.output_text.logprobs";

/// Checks the request and opens the answer; nothing is computed yet.
///
/// # Errors
/// The first field that cannot be honoured, and what the engine refuses.
pub(in crate::openai) fn open(
    engine: &Engine,
    body: &Value,
    stamp: Stamp,
    abort: Abort,
    store: &Rc<RefCell<Store>>,
) -> Result<Exchange> {
    let fields = Fields::open(body, "", &TABLE)?;
    let kinora = fields.object("kinora", &EXTENSION)?;
    let named = model(engine, &fields)?;
    let stream = common::stream(&fields)?.on;
    let previous = fields.text("previous_response_id")?;
    let mut said = match previous {
        Some(id) => store.borrow().get(id).map_err(|e| e.of("previous_response_id"))?.messages.clone(),
        None => Vec::new(),
    };
    said.extend(input::messages(&fields)?);
    let instructions = fields.text("instructions")?;
    let text = fields.object("text", &TEXT)?;
    let tool_list = tools::tools(&fields, tools::Spelling::Flat)?;
    let sampling = sampling(&fields, kinora.as_ref(), Sampling::default())?;
    let truncate = fields.word("truncation", &["auto", "disabled"])?;
    let parallel = fields.boolean("parallel_tool_calls")?.unwrap_or(true);
    let max_calls = fields.integer("max_tool_calls", 1..=u64::from(u32::MAX))?.map(|n| n as usize);
    let max_tokens = fields.integer("max_output_tokens", 1..=u64::from(u32::MAX))?.map(|n| n as usize);
    let keep = fields.boolean("store")?.unwrap_or(true);
    let template = match kinora.as_ref().and_then(|k| k.get("template")) {
        None => serde_json::Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => return fields.refuse("kinora.template", "must be an object."),
    };
    let mut request = ChatRequest {
        model: Some(named.model.clone()),
        messages: instructions.map(Message::system).into_iter().chain(said.iter().cloned()).collect(),
        tool_choice: tools::choice(&fields, &tool_list, tools::Spelling::Flat)?,
        tools: tool_list,
        parallel_tool_calls: parallel && max_calls != Some(1),
        max_tokens,
        seed: kinora.as_ref().map_or(Ok(stamp.seed), |k| seed(k, stamp.seed))?,
        format: text.map_or(Ok(ResponseFormat::Text), |text| format::flat(&text))?,
        logprobs: logprobs(&fields)?,
        context: match truncate {
            Some("auto") => ContextPolicy::DropOldest,
            _ => context(kinora.as_ref())?,
        },
        speculation: speculation(kinora.as_ref())?,
        adapters: adapters(engine, &named, kinora.as_ref())?,
        template,
        sampling,
        stop: Vec::new(),
        abort,
    };
    if let Some(kinora) = &kinora {
        request.format = format::extension(kinora, request.format)?;
    }
    let given = |name: &str| body.get(name).cloned().unwrap_or_default();
    let or = |name: &str, default: Value| Some(given(name)).filter(|v| !v.is_null()).unwrap_or(default);
    let shell = json!({
        "id": format!("resp_{}", stamp.id),
        "object": "response",
        "created_at": stamp.created,
        "model": named.id,
        "instructions": instructions,
        "max_output_tokens": max_tokens,
        "max_tool_calls": max_calls,
        "parallel_tool_calls": parallel,
        "previous_response_id": previous,
        "store": keep,
        "temperature": common::short(request.sampling.temperature),
        "top_p": common::short(request.sampling.top_p),
        "text": or("text", json!({ "format": { "type": "text" } })),
        "tool_choice": or("tool_choice", "auto".into()),
        "tools": or("tools", json!([])),
        "truncation": truncate.unwrap_or("disabled"),
        "metadata": or("metadata", json!({})),
    });
    let output = Output::new(&stamp.id, max_calls, request.logprobs.is_some());
    let head = Head { shell, stamp, seed: request.seed, said, store: keep.then(|| store.clone()) };
    let series = Series::open(engine, vec![Ask::Chat(Box::new(request))])?;
    let answer = ResponseAnswer::new(series, head, output, stream);
    Ok(Exchange::of(Work::Response(Box::new(answer)), stream, common::ignored(&fields, &TABLE)))
}

/// Alternatives to tell for each token, where logprobs are asked for by `include` or by their number.
fn logprobs(fields: &Fields) -> Result<Option<usize>> {
    let include = fields.texts("include")?;
    if let Some(other) = include.iter().find(|i| *i != LOGPROBS) {
        return fields.refuse("include", format!("holds {other}; only {LOGPROBS} can be included."));
    }
    let top = fields.integer("top_logprobs", 0..=20)?.map(|n| n as usize);
    Ok(top.or((!include.is_empty()).then_some(0)))
}
