//! How tokens are drawn: the API's own fields, and those of the extension object `kinora`.

use serde_json::Value;

use super::common::Named;
use super::error::Result;
use super::fields::{Fields, Table};
use crate::Engine;
use crate::chat::{ContextPolicy, Speculation};
use crate::sampling::{Dry, Mirostat, Sampling, Xtc};

/// The extension object `kinora` of every request that makes text.
pub(super) const EXTENSION: Table = Table {
    honoured: &[
        "top_k",
        "min_p",
        "typical_p",
        "repetition_penalty",
        "xtc",
        "dry",
        "mirostat",
        "regex",
        "choice",
        "grammar",
        "context",
        "speculation",
        "adapters",
        "template",
        "ignore_eos",
    ],
    ignored: &[],
    refused: &[],
};
const XTC: Table = Table::of(&["probability", "threshold"]);
const DRY: Table = Table::of(&["multiplier", "base", "allowed_length", "window", "sequence_breakers"]);
const MIROSTAT: Table = Table::of(&["version", "tau", "eta"]);
const DRAFT: Table = Table::of(&["draft", "tokens"]);

/// Reads the fields that change how tokens are drawn; what is absent stays as in `base`.
///
/// # Errors
/// A value out of its range, by its path.
pub(super) fn sampling(fields: &Fields, kinora: Option<&Fields>, base: Sampling) -> Result<Sampling> {
    let mut s = base;
    let set = |to: &mut f32, value: Option<f32>| *to = value.unwrap_or(*to);
    set(&mut s.temperature, fields.number("temperature", 0.0..=2.0)?);
    set(&mut s.top_p, fields.number("top_p", 0.0..=1.0)?);
    set(&mut s.frequency_penalty, fields.number("frequency_penalty", -2.0..=2.0)?);
    set(&mut s.presence_penalty, fields.number("presence_penalty", -2.0..=2.0)?);
    s.logit_bias = logit_bias(fields)?;
    let Some(k) = kinora else { return Ok(s) };
    s.top_k = k.integer("top_k", 0..=u64::from(u32::MAX))?.map_or(s.top_k, |n| n as usize);
    set(&mut s.min_p, k.number("min_p", 0.0..=1.0)?);
    set(&mut s.typical_p, k.number("typical_p", 0.0..=1.0)?);
    set(&mut s.repetition_penalty, k.number("repetition_penalty", 0.1..=10.0)?);
    if let Some(xtc) = k.object("xtc", &XTC)? {
        let mut x = Xtc::default();
        xtc.required("probability")?;
        set(&mut x.probability, xtc.number("probability", 0.0..=1.0)?);
        set(&mut x.threshold, xtc.number("threshold", 0.0..=1.0)?);
        s.xtc = Some(x);
    }
    if let Some(dry) = k.object("dry", &DRY)? {
        let mut d = Dry::default();
        dry.required("multiplier")?;
        set(&mut d.multiplier, dry.number("multiplier", 0.0..=100.0)?);
        set(&mut d.base, dry.number("base", 1.0..=100.0)?);
        d.allowed_length = dry.integer("allowed_length", 0..=1 << 20)?.map_or(d.allowed_length, |n| n as usize);
        d.window = dry.integer("window", 1..=1 << 20)?.map_or(d.window, |n| n as usize);
        if dry.get("sequence_breakers").is_some() {
            d.sequence_breakers = dry.texts("sequence_breakers")?;
        }
        s.dry = Some(d);
    }
    if let Some(mirostat) = k.object("mirostat", &MIROSTAT)? {
        let mut m = Mirostat::default();
        m.version = mirostat.integer("version", 1..=2)?.map_or(m.version, |n| n as u8);
        set(&mut m.tau, mirostat.number("tau", 0.0..=100.0)?);
        set(&mut m.eta, mirostat.number("eta", 0.0..=1.0)?);
        s.mirostat = Some(m);
    }
    Ok(s)
}

/// `{ "token id": −100..100 }`
fn logit_bias(fields: &Fields) -> Result<Vec<(u32, f32)>> {
    let Some(value) = fields.get("logit_bias") else { return Ok(Vec::new()) };
    let Value::Object(map) = value else { return fields.refuse("logit_bias", "must be an object of token ids.") };
    let entry = |(id, bias): (&String, &Value)| {
        let bias = bias.as_f64().filter(|b| (-100.0..=100.0).contains(b));
        Some((id.parse().ok()?, bias? as f32))
    };
    match map.iter().map(entry).collect() {
        Some(biases) => Ok(biases),
        None => fields.refuse("logit_bias", "must give token ids as keys and numbers from -100 to 100."),
    }
}

/// What to do with a conversation that is longer than the context.
///
/// # Errors
/// A word that is none.
pub(super) fn context(fields: Option<&Fields>) -> Result<ContextPolicy> {
    let Some(k) = fields else { return Ok(ContextPolicy::Refuse) };
    Ok(match k.word("context", &["refuse", "drop_oldest"])? {
        Some("drop_oldest") => ContextPolicy::DropOldest,
        _ => ContextPolicy::Refuse,
    })
}

/// How tokens are guessed ahead; the answer is the same, only its speed is not.
///
/// # Errors
/// What is none.
pub(super) fn speculation(kinora: Option<&Fields>) -> Result<Option<Speculation>> {
    let Some(k) = kinora else { return Ok(None) };
    let Some(Value::Object(_)) = k.get("speculation") else {
        return Ok(match k.word("speculation", &["off", "prompt_lookup"])? {
            Some("prompt_lookup") => Some(Speculation::prompt_lookup()),
            _ => None,
        });
    };
    let Some(draft) = k.object("speculation", &DRAFT)? else { return Ok(None) };
    let tokens = draft.integer("tokens", 1..=16)?.map(|n| n as usize);
    Ok(Some(Speculation::draft(draft.required_text("draft")?, tokens)))
}

/// Adapters of the model: the one in its name, and those of the extension, by name with a strength each (`{ "name": 1 }`) or
/// without (`["name"]`: their usual ones).
///
/// # Errors
/// What is neither; an adapter that the model does not have.
pub(super) fn adapters(engine: &Engine, named: &Named, kinora: Option<&Fields>) -> Result<Vec<(String, f32)>> {
    let mut adapters: Vec<(String, f32)> = named.adapter.iter().cloned().collect();
    let Some((k, value)) = kinora.and_then(|k| Some((k, k.get("adapters")?))) else { return Ok(adapters) };
    let listed: Option<Vec<(String, f32)>> = match value {
        Value::Object(map) => map.iter().map(|(name, scale)| Some((name.clone(), scale.as_f64()? as f32))).collect(),
        Value::Array(_) | Value::String(_) => {
            let names = k.texts("adapters")?;
            let models = engine.models();
            let loaded = models.iter().filter(|m| m.name == named.model).flat_map(|m| &m.adapters);
            let usual = |name: &String| loaded.clone().find(|a| a.name == *name).map_or(1.0, |a| a.strength);
            // one that is not loaded is refused with the names that are, where the answer is opened
            Some(names.into_iter().map(|name| (name.clone(), usual(&name))).collect())
        }
        _ => None,
    };
    let Some(listed) = listed else {
        return k
            .refuse("adapters", "must give names of the model's adapters, or such names as keys and their strengths.");
    };
    adapters.retain(|(name, _)| listed.iter().all(|(other, _)| other != name));
    adapters.extend(listed);
    Ok(adapters)
}
