//! `GET models`, `GET` and `DELETE models/{id}`

use serde_json::{Value, json};

use super::ask::ModelInfo;
use super::bridge;
use super::common::not_found;
use super::error::Result;
use crate::Engine;

/// All loaded text models.
pub(super) fn list(engine: &Engine) -> Value {
    let data: Vec<Value> = bridge::models(engine).iter().map(model).collect();
    json!({ "object": "list", "data": data })
}

/// One of them.
///
/// # Errors
/// 404 with what is loaded.
pub(super) fn one(engine: &Engine, id: &str) -> Result<Value> {
    bridge::models(engine).iter().find(|m| m.name == id).map(model).ok_or_else(|| not_found(engine, id))
}

/// Takes a model out of memory.
///
/// # Errors
/// As [`one`].
pub(super) fn remove(engine: &Engine, id: &str) -> Result<Value> {
    one(engine, id)?;
    bridge::remove(engine, id)?;
    Ok(json!({ "id": id, "object": "model", "deleted": true }))
}

/// What is known of a model; `kinora` holds what the API has no field for.
fn model(m: &ModelInfo) -> Value {
    json!({
        "id": m.name,
        "object": "model",
        "created": 0,
        "owned_by": "kinora",
        "kinora": {
            "default": m.default,
            "context": m.context,
            "bytes": m.bytes,
            "embedding": m.embedding,
        },
    })
}
