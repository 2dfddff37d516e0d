//! JSON schemas before they are compiled: of what size they may be, and what JSON they ask for.

use serde_json::{Value, json};

use super::{bad, small};
use crate::error::Result;

/// Levels of a schema at most.
const MAX_DEPTH: usize = 64;

/// Marks a schema for compact JSON.
///
/// # Errors
/// `invalid_request` for what is no object, too large or too deep.
pub(crate) fn compact(schema: &mut Value) -> Result<()> {
    let Some(fields) = schema.as_object_mut() else {
        return Err(bad("json_schema", "it must be an object"));
    };
    // No way in to the grammar engine's own options
    fields.remove("x-guidance");
    if depth(schema) > MAX_DEPTH {
        return Err(bad("json_schema", &format!("it is more than {MAX_DEPTH} levels deep")));
    }
    small("json_schema", schema.to_string().len())?;
    let compact = json!({ "item_separator": ",", "key_separator": ":", "whitespace_flexible": false });
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("x-guidance".into(), compact);
    }
    Ok(())
}

/// Levels of a value, as far as they matter.
fn depth(value: &Value) -> usize {
    fn at(value: &Value, level: usize) -> usize {
        if level > MAX_DEPTH {
            return level;
        }
        let below = |all: &mut dyn Iterator<Item = &Value>| all.map(|v| at(v, level + 1)).max().unwrap_or(level);
        match value {
            Value::Array(all) => below(&mut all.iter()),
            Value::Object(all) => below(&mut all.values()),
            _ => level,
        }
    }
    at(value, 0)
}
