//! `input`: a text, or the items of a conversation.

use serde_json::Value;

use crate::chat::{Message, Role, ToolCall};
use crate::openai::error::{ApiError, Result};
use crate::openai::fields::{Fields, Table};
use crate::openai::messages::content_text;

const MESSAGE: Table = Table::of(&["type", "role", "content", "id", "status", "phase"]);
const CALL: Table = Table::of(&["type", "id", "call_id", "name", "arguments", "status"]);
const OUTPUT: Table = Table::of(&["type", "id", "call_id", "output", "status"]);

/// The messages that the input adds.
///
/// # Errors
/// An item that is not understood, by its path.
pub(super) fn messages(fields: &Fields) -> Result<Vec<Message>> {
    let items = match fields.required("input")? {
        Value::String(text) => return Ok(vec![Message::user(text)]),
        Value::Array(items) if !items.is_empty() => items,
        _ => return fields.refuse("input", "must be a string or an array of items, and not empty."),
    };
    let mut messages: Vec<Message> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let at = format!("input[{i}]");
        match item.get("type").and_then(Value::as_str).unwrap_or("message") {
            "message" => messages.push(message(item, at)?),
            "function_call" => {
                let call = call(item, at)?;
                match messages.last_mut().filter(|m| m.role == Role::Assistant) {
                    Some(m) => m.tool_calls.push(call),
                    None => messages.push(Message { tool_calls: vec![call], ..Message::assistant("") }),
                }
            }
            "function_call_output" => {
                let f = Fields::open(item, at, &OUTPUT)?;
                let text = content_text(f.required("output")?, &f.path("output"))?;
                messages.push(Message::tool(f.required_text("call_id")?, text));
            }
            kind => {
                let message = format!("{at} is of the type {kind}, which is not understood here. Leave it out.");
                return Err(ApiError::unsupported(format!("{at}.type"), message));
            }
        }
    }
    Ok(messages)
}

fn message(item: &Value, at: String) -> Result<Message> {
    let m = Fields::open(item, at, &MESSAGE)?;
    m.required("role")?;
    let role = m.word("role", &["system", "developer", "user", "assistant"])?.unwrap_or_default();
    let text = content_text(m.required("content")?, &m.path("content"))?;
    Ok(match role {
        "user" => Message::user(text),
        "assistant" => Message::assistant(text),
        _ => Message::system(text),
    })
}

fn call(item: &Value, at: String) -> Result<ToolCall> {
    let f = Fields::open(item, at, &CALL)?;
    let text = |name| f.required_text(name).map(str::to_string);
    Ok(ToolCall { id: text("call_id")?, name: text("name")?, arguments: text("arguments")? })
}
