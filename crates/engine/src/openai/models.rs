//! `GET models`, `GET` and `DELETE models/{id}`

use serde_json::{Value, json};

use super::common::{adapted_id, not_found};
use super::error::{ApiError, Result};
use crate::{EMBEDDED, Engine, ModelInfo, chat::AdapterInfo};

/// All loaded text models, each followed by itself with each of its adapters.
pub(super) fn list(engine: &Engine) -> Value {
    json!({ "object": "list", "data": all(engine) })
}

fn all(engine: &Engine) -> Vec<Value> {
    let with_adapters =
        |m: &ModelInfo| std::iter::once(model(m)).chain(m.adapters.iter().map(|a| adapted(m, a))).collect::<Vec<_>>();
    engine.models().iter().flat_map(with_adapters).collect()
}

/// One of them.
///
/// # Errors
/// 404 with what is loaded.
pub(super) fn one(engine: &Engine, id: &str) -> Result<Value> {
    all(engine).into_iter().find(|m| m["id"] == id).ok_or_else(|| not_found(engine, id))
}

/// Takes a model, or an adapter of it, out of memory.
///
/// # Errors
/// As [`one`].
pub(super) fn remove(engine: &Engine, id: &str) -> Result<Value> {
    let found = one(engine, id)?;
    if id == EMBEDDED {
        return Err(ApiError::new(400, "unsupported", format!("{id} belongs to the engine and cannot be removed.")));
    }
    match (found["parent"].as_str(), found["kinora"]["adapter"].as_str()) {
        (Some(model), Some(adapter)) => engine.remove_adapter(Some(model), adapter)?,
        _ => engine.remove_text_model(id),
    }
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
            "loaded": true,
            "default": m.name == EMBEDDED,
            "architecture": m.architecture,
            "quantization": m.quantization,
            "parameters": m.parameters,
            "context": m.context,
            "kv_cache": m.kv_cache,
            "bytes": m.bytes,
            "embedding": m.embedding,
            "writes": m.writes,
        },
    })
}

/// A model with an adapter on, which requests may ask for by this name.
fn adapted(m: &ModelInfo, a: &AdapterInfo) -> Value {
    let mut model = model(m);
    model["id"] = adapted_id(&m.name, &a.name).into();
    model["parent"] = m.name.clone().into();
    model["kinora"]["default"] = false.into();
    model["kinora"]["adapter"] = a.name.clone().into();
    model["kinora"]["strength"] = super::common::short(a.strength);
    model
}
