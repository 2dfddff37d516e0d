//! `GET models`, `GET` and `DELETE models/{id}`

use serde_json::{Value, json};

use super::common::not_found;
use super::error::{ApiError, Result};
use crate::{EMBEDDED, Engine, ModelInfo};

/// All loaded text models.
pub(super) fn list(engine: &Engine) -> Value {
    let data: Vec<Value> = engine.models().iter().map(model).collect();
    json!({ "object": "list", "data": data })
}

/// One of them.
///
/// # Errors
/// 404 with what is loaded.
pub(super) fn one(engine: &Engine, id: &str) -> Result<Value> {
    engine.models().iter().find(|m| m.name == id).map(model).ok_or_else(|| not_found(engine, id))
}

/// Takes a model out of memory.
///
/// # Errors
/// As [`one`].
pub(super) fn remove(engine: &Engine, id: &str) -> Result<Value> {
    one(engine, id)?;
    if id == EMBEDDED {
        return Err(ApiError::new(400, "unsupported", format!("{id} belongs to the engine and cannot be removed.")));
    }
    engine.remove_text_model(id);
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
            "default": m.name == EMBEDDED,
            "architecture": m.architecture,
            "quantization": m.quantization,
            "parameters": m.parameters,
            "context": m.context,
            "bytes": m.bytes,
            "embedding": m.embedding,
            "writes": m.writes,
        },
    })
}
