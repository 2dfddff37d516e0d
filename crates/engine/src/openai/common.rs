//! What chats, completions and responses share.

use serde_json::{Value, json};

use super::error::{ApiError, Result};
use super::exchange::Headers;
use super::fields::{Fields, Table};
use crate::Engine;
use crate::chat::Usage;

/// What `system_fingerprint` says: answers of one version, model, device and seed are the same.
pub(super) const FINGERPRINT: &str = concat!("kinora-", env!("CARGO_PKG_VERSION"));

/// The body as JSON.
///
/// # Errors
/// `invalid_json` with where it breaks.
pub(super) fn parse(body: &str) -> Result<Value> {
    serde_json::from_str(body)
        .map_err(|e| ApiError::new(400, "invalid_json", format!("The body is no JSON ({e}). Send a JSON object.")))
}

/// The header that lists what was taken and does nothing here.
pub(super) fn ignored(fields: &Fields, table: &Table) -> Headers {
    match fields.ignored(table) {
        names if names.is_empty() => Vec::new(),
        names => vec![("x-kinora-ignored", names.join(", "))],
    }
}

/// Whom a request asks.
pub(super) struct Named {
    /// As answers call it: the model's name, or `model:adapter`.
    pub id: String,
    pub model: String,
    /// The adapter in that name, with its usual strength.
    pub adapter: Option<(String, f32)>,
}

/// The model to ask: the one named, by itself or with an adapter behind a colon, else the default.
///
/// # Errors
/// `model_not_found` with what is loaded.
pub(super) fn model(engine: &Engine, fields: &Fields) -> Result<Named> {
    let named = fields.text("model")?;
    let models = engine.models();
    let found = match named {
        Some(name) => models.iter().find(|m| m.name == name),
        None => models.iter().find(|m| m.name == crate::EMBEDDED).or(models.first()),
    };
    if let Some(model) = found {
        return Ok(Named { id: model.name.clone(), model: model.name.clone(), adapter: None });
    }
    let mut adapted = models.iter().flat_map(|m| m.adapters.iter().map(move |adapter| (m, adapter)));
    match adapted.find(|(m, adapter)| named == Some(&adapted_id(&m.name, &adapter.name))) {
        Some((m, adapter)) => Ok(Named {
            id: adapted_id(&m.name, &adapter.name),
            model: m.name.clone(),
            adapter: Some((adapter.name.clone(), adapter.strength)),
        }),
        None => Err(not_found(engine, named.unwrap_or("text model"))),
    }
}

/// What a model with one of its adapters on is called.
pub(super) fn adapted_id(model: &str, adapter: &str) -> String {
    format!("{model}:{adapter}")
}

/// The refusal of a name that no model has.
pub(super) fn not_found(engine: &Engine, name: &str) -> ApiError {
    let models = engine.models();
    let loaded: Vec<_> = models.iter().map(|m| m.name.as_str()).collect();
    let message = match loaded.is_empty() {
        true => format!("There is no model {name}: no text model is loaded. Load one first."),
        false => format!("The model {name} is not loaded. Loaded are: {}.", loaded.join(", ")),
    };
    ApiError { param: Some("model".into()), ..ApiError::new(404, "model_not_found", message) }
}

/// `stream` and `stream_options`.
pub(super) struct Stream {
    pub on: bool,
    /// Whether a last chunk tells the usage.
    pub usage: bool,
}

/// # Errors
/// Options without a stream, or of another kind.
pub(super) fn stream(fields: &Fields) -> Result<Stream> {
    const OPTIONS: Table = Table { honoured: &["include_usage"], ignored: &["include_obfuscation"], refused: &[] };
    let on = fields.boolean("stream")?.unwrap_or_default();
    let options = fields.object("stream_options", &OPTIONS)?;
    if options.is_some() && !on {
        return fields.refuse("stream_options", "goes with stream: true only. Leave it out, or stream.");
    }
    let usage = options.map(|o| o.boolean("include_usage")).transpose()?.flatten().unwrap_or_default();
    Ok(Stream { on, usage })
}

/// The seed of the request, else one that differs from answer to answer.
///
/// # Errors
/// What is no whole number.
pub(super) fn seed(fields: &Fields, fresh: u64) -> Result<u64> {
    match fields.get("seed") {
        None => Ok(fresh),
        // Negative seeds are the API's too: each is a seed of its own
        Some(value) => match value.as_u64().or_else(|| value.as_i64().map(|n| n as u64)) {
            Some(seed) => Ok(seed),
            None => fields.refuse("seed", "must be a whole number."),
        },
    }
}

/// Usage of one or several answers to the same prompt, as chats tell it.
pub(super) fn usage(answers: &[Usage]) -> Value {
    let prompt = answers.first().map_or(0, |u| u.prompt_tokens);
    let cached = answers.first().map_or(0, |u| u.cached_tokens);
    let completion: usize = answers.iter().map(|u| u.completion_tokens).sum();
    let accepted: usize = answers.iter().map(|u| u.accepted_draft_tokens).sum();
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": cached },
        "completion_tokens_details": { "accepted_prediction_tokens": accepted },
    })
}

/// What every answer adds: where and how it was computed.
pub(super) fn report(device: &str, precision: &str, usage: &Usage, seed: u64, ms: u64) -> Value {
    let mut report = json!({
        "device": device,
        "precision": precision,
        "seed": seed,
        "ms": ms,
        "prompt_ms": usage.prompt_ms,
        "completion_ms": usage.completion_ms,
    });
    if usage.dropped_messages > 0 {
        report["dropped_messages"] = usage.dropped_messages.into();
    }
    report
}

/// Two usages together: numbers add, whatever their depth.
pub(super) fn sum(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.iter().map(|(name, value)| (name.clone(), sum(value, b.get(name).unwrap_or(&Value::Null)))).collect()
        }
        _ => (a.as_u64().unwrap_or_default() + b.as_u64().unwrap_or_default()).into(),
    }
}

/// The shortest decimal that is this number: 0.7 as an f32 is 0.699999988… as an f64.
pub(super) fn short(x: f32) -> Value {
    x.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// A logarithm that JSON can hold: what cannot come has −9999, as in the API.
pub(super) fn logprob(p: f32) -> Value {
    short(p.max(-9999.0))
}
