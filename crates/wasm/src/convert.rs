//! Between Rust's types and plain JavaScript objects.

use kinora_engine::EngineError;
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;

/// An object of the value's fields.
pub fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    value.serialize(&serializer).map_err(JsValue::from)
}

/// A request, refused by name where a field is unknown or of another type.
pub fn from_js<T: DeserializeOwned>(value: JsValue, stage: &'static str) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value).map_err(|e| throw(EngineError::invalid_request(stage, e.to_string())))
}

/// The error as plain data: structured clone keeps nothing else.
pub fn throw(error: EngineError) -> JsValue {
    to_js(&error).unwrap_or_else(|e| e)
}

/// A second call while the first one still waits.
pub fn busy(stage: &'static str) -> JsValue {
    throw(EngineError::new("busy", stage, "the stream is still computing its last event".to_string()).retry())
}
