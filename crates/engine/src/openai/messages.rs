//! Messages of a chat.

use serde_json::Value;

use super::error::{ApiError, Result};
use super::fields::{Fields, Table};
use crate::chat::{Message, ToolCall};

const MESSAGE: Table = Table {
    honoured: &["role", "content", "name", "tool_calls", "tool_call_id", "refusal", "annotations"],
    ignored: &[],
    refused: &[
        ("function_call", "is the old form of tool_calls. Use tool_calls."),
        ("audio", "is not understood: the model reads text. Leave it out."),
    ],
};
const TEXT_PART: Table = Table::of(&["type", "text", "annotations", "logprobs"]);
const REFUSAL_PART: Table = Table::of(&["type", "refusal"]);
const CALL: Table = Table::of(&["id", "type", "function", "index"]);
const CALLED: Table = Table::of(&["name", "arguments"]);

/// Kinds of parts that no loaded model reads.
const UNREAD: [&str; 6] = ["image_url", "input_image", "input_audio", "video_url", "file", "input_file"];

/// The conversation of `messages`.
///
/// # Errors
/// What is not understood, by its path.
pub(super) fn messages(fields: &Fields) -> Result<Vec<Message>> {
    fields.required("messages")?;
    let items = fields.array("messages")?.unwrap_or_default();
    if items.is_empty() {
        return fields.refuse("messages", "is empty. Give at least one message of the role user.");
    }
    items.iter().enumerate().map(|(i, item)| message(item, format!("messages[{i}]"))).collect()
}

fn message(item: &Value, at: String) -> Result<Message> {
    let m = Fields::open(item, at, &MESSAGE)?;
    m.required("role")?;
    let role = m.word("role", &["system", "developer", "user", "assistant", "tool"])?.unwrap_or_default();
    let text = match m.get("content") {
        None => None,
        Some(content) => Some(content_text(content, &m.path("content"))?),
    };
    let mut message = match role {
        "system" | "developer" => Message::system(needed(&m, text)?),
        "user" => Message::user(needed(&m, text)?),
        "tool" => Message::tool(m.required_text("tool_call_id")?, needed(&m, text)?),
        _ => {
            let calls = m.array("tool_calls")?.unwrap_or_default();
            let calls = calls.iter().enumerate().map(|(i, call)| tool_call(call, m.path(&format!("tool_calls[{i}]"))));
            let calls = calls.collect::<Result<Vec<_>>>()?;
            let text = text.or(m.text("refusal")?.map(str::to_string));
            let text = if calls.is_empty() { needed(&m, text)? } else { text.unwrap_or_default() };
            Message { tool_calls: calls, ..Message::assistant(text) }
        }
    };
    message.name = m.text("name")?.map(str::to_string);
    Ok(message)
}

fn needed(m: &Fields, text: Option<String>) -> Result<String> {
    match text {
        Some(text) => Ok(text),
        None => m.required("content").map(|_| String::new()),
    }
}

/// The text of a message: a string, or parts that are text.
pub(super) fn content_text(content: &Value, at: &str) -> Result<String> {
    let parts = match content {
        Value::String(text) => return Ok(text.clone()),
        Value::Array(parts) => parts,
        _ => return Err(ApiError::invalid(at, format!("{at} must be a string or an array of parts."))),
    };
    let mut text = String::new();
    for (i, part) in parts.iter().enumerate() {
        let at = format!("{at}[{i}]");
        match part.get("type").and_then(Value::as_str) {
            Some("text" | "input_text" | "output_text") => {
                text.push_str(Fields::open(part, at, &TEXT_PART)?.required_text("text")?);
            }
            Some("refusal") => text.push_str(Fields::open(part, at, &REFUSAL_PART)?.required_text("refusal")?),
            Some(kind) if UNREAD.contains(&kind) => {
                let message =
                    format!("{at} is of the type {kind}, and the loaded models read text only. Leave it out.");
                return Err(ApiError::unsupported(at, message));
            }
            _ => {
                let message = format!("{at}.type must be text.");
                return Err(ApiError::invalid(format!("{at}.type"), message));
            }
        }
    }
    Ok(text)
}

fn tool_call(value: &Value, at: String) -> Result<ToolCall> {
    let call = Fields::open(value, at, &CALL)?;
    call.word("type", &["function"])?;
    call.required("function")?;
    let id = call.required_text("id")?.to_string();
    let Some(function) = call.object("function", &CALLED)? else { return call.refuse("function", "is missing.") };
    let name = function.required_text("name")?.to_string();
    Ok(ToolCall { id, name, arguments: function.required_text("arguments")?.to_string() })
}
