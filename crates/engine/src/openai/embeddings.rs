//! `POST embeddings`: texts, or their tokens, as vectors.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kinora_tensor::Abort;
use serde_json::{Value, json};

use super::common;
use super::completions::prompts;
use super::error::{ApiError, Result};
use super::exchange::{Answer, Exchange, Step, Work};
use super::fields::{Fields, Table};
use crate::Engine;
use crate::chat::Prompt;

/// Inputs of one request at most, as the API has it.
const MAX_INPUTS: usize = 2048;

/// The fields of the request.
pub(super) const TABLE: Table =
    Table { honoured: &["input", "model", "encoding_format", "dimensions"], ignored: &["user"], refused: &[] };

/// Checks the request; nothing is computed yet.
///
/// # Errors
/// The first field that cannot be honoured.
pub(super) fn open(engine: &Engine, body: &Value, abort: Abort) -> Result<Exchange> {
    let fields = Fields::open(body, "", &TABLE)?;
    let common::Named { model, adapter, .. } = common::model(engine, &fields)?;
    if adapter.is_some() {
        return fields.refuse("model", format!("names an adapter, and vectors are made without. Ask {model}."));
    }
    let inputs = prompts(&fields, "input")?;
    if inputs.len() > MAX_INPUTS {
        return fields.refuse("input", format!("holds {} texts; at most {MAX_INPUTS} can be.", inputs.len()));
    }
    if inputs.iter().any(|p| matches!(p, Prompt::Text(text) if text.is_empty())) {
        return fields.refuse("input", "holds an empty text. Leave it out.");
    }
    let base64 = fields.word("encoding_format", &["float", "base64"])? == Some("base64");
    let dimensions = fields.integer("dimensions", 1..=u64::from(u32::MAX))?.map(|n| n as usize);
    let size = engine.models().into_iter().find(|m| m.name == model).map(|m| m.embedding);
    match (size, dimensions) {
        (None, _) => {
            let message = format!("{model} makes no embeddings. Load a model that does.");
            return Err(ApiError::unsupported("model", message));
        }
        (Some(size), Some(n)) if n != size => {
            let message =
                format!("dimensions is {n}, and {model} gives vectors of {size} numbers, which cannot be cut.");
            return Err(ApiError::unsupported("dimensions", message));
        }
        _ => {}
    }
    let answer = EmbeddingAnswer {
        engine: engine.clone(),
        model,
        inputs: inputs.into_iter(),
        base64,
        data: Vec::new(),
        tokens: 0,
        abort,
    };
    Ok(Exchange::of(Work::Embeddings(Box::new(answer)), false, common::ignored(&fields, &TABLE)))
}

/// The vectors in the making, an input a step.
pub(super) struct EmbeddingAnswer {
    engine: Engine,
    model: String,
    inputs: std::vec::IntoIter<Prompt>,
    base64: bool,
    data: Vec<Value>,
    tokens: usize,
    abort: Abort,
}

impl Answer for EmbeddingAnswer {
    async fn step(&mut self) -> Result<Step> {
        let Some(input) = self.inputs.next() else {
            let usage = json!({ "prompt_tokens": self.tokens, "total_tokens": self.tokens });
            let data = std::mem::take(&mut self.data);
            return Ok(Step::Whole(json!({ "object": "list", "model": self.model, "data": data, "usage": usage })));
        };
        let embedding = self.engine.embed(Some(&self.model), &input, &self.abort).await?;
        self.tokens += embedding.tokens;
        let vector = match self.base64 {
            false => json!(embedding.vector),
            true => {
                let bytes: Vec<u8> = embedding.vector.iter().flat_map(|x| x.to_le_bytes()).collect();
                BASE64_STANDARD.encode(bytes).into()
            }
        };
        self.data.push(json!({ "object": "embedding", "index": self.data.len(), "embedding": vector }));
        Ok(Step::Working)
    }
}
