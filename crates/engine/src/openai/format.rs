//! What an answer must look like: `response_format`, `text.format`, and the grammars of the extension.

use serde_json::{Value, json};

use super::error::{ApiError, Result};
use super::fields::{Fields, Table};
use crate::chat::ResponseFormat;

const FORMAT: Table = Table::of(&["type", "json_schema"]);
const SCHEMA: Table = Table::of(&["name", "description", "schema", "strict"]);
const FLAT: Table = Table::of(&["type", "name", "description", "schema", "strict"]);
const KINDS: [&str; 3] = ["text", "json_object", "json_schema"];

/// The field `response_format` of a chat.
///
/// # Errors
/// A kind that is not known, a schema that is no object.
pub(super) fn nested(fields: &Fields) -> Result<ResponseFormat> {
    let Some(format) = fields.object("response_format", &FORMAT)? else { return Ok(ResponseFormat::Text) };
    format.required("type")?;
    match format.word("type", &KINDS)? {
        Some("json_object") => Ok(ResponseFormat::JsonObject),
        Some("json_schema") => {
            format.required("json_schema")?;
            match format.object("json_schema", &SCHEMA)? {
                Some(inner) => schema(&inner),
                None => Ok(ResponseFormat::Text),
            }
        }
        _ => Ok(ResponseFormat::Text),
    }
}

/// The field `format` of a response's `text`.
///
/// # Errors
/// As [`nested`].
pub(super) fn flat(text: &Fields) -> Result<ResponseFormat> {
    let Some(format) = text.object("format", &FLAT)? else { return Ok(ResponseFormat::Text) };
    format.required("type")?;
    match format.word("type", &KINDS)? {
        Some("json_object") => Ok(ResponseFormat::JsonObject),
        Some("json_schema") => schema(&format),
        _ => Ok(ResponseFormat::Text),
    }
}

/// A schema is enforced whether `strict` asks for it or not: what cannot be enforced is refused by name.
fn schema(fields: &Fields) -> Result<ResponseFormat> {
    fields.required_text("name")?;
    fields.text("description")?;
    fields.boolean("strict")?;
    match fields.get("schema") {
        None => Ok(ResponseFormat::JsonSchema(json!({}))),
        Some(schema @ Value::Object(_)) => Ok(ResponseFormat::JsonSchema(schema.clone())),
        Some(_) => fields.refuse("schema", "must be a JSON schema."),
    }
}

/// The grammars of the extension object; at most one, and not beside a `response_format`.
///
/// # Errors
/// Two at once, or what is none.
pub(super) fn extension(kinora: &Fields, asked: ResponseFormat) -> Result<ResponseFormat> {
    let mut formats = Vec::new();
    if let Some(regex) = kinora.text("regex")? {
        formats.push(ResponseFormat::Regex(regex.to_string()));
    }
    let choice = kinora.texts("choice")?;
    if kinora.get("choice").is_some() {
        if choice.is_empty() {
            return kinora.refuse("choice", "is empty. Give the texts to choose from.");
        }
        formats.push(ResponseFormat::Choice(choice));
    }
    match kinora.get("grammar") {
        None => {}
        Some(Value::String(text)) if text.contains("::=") => formats.push(ResponseFormat::Gbnf(text.clone())),
        Some(Value::String(text)) => formats.push(ResponseFormat::Lark(text.clone())),
        Some(_) => {
            let grammar = kinora.object("grammar", &Table::of(&["lark", "gbnf"]))?;
            let Some(grammar) = grammar else { return Ok(asked) };
            match (grammar.text("lark")?, grammar.text("gbnf")?) {
                (Some(lark), None) => formats.push(ResponseFormat::Lark(lark.to_string())),
                (None, Some(gbnf)) => formats.push(ResponseFormat::Gbnf(gbnf.to_string())),
                _ => return kinora.refuse("grammar", "must be one of lark and gbnf."),
            }
        }
    }
    let constrained = !matches!(asked, ResponseFormat::Text);
    match (formats.pop(), formats.is_empty()) {
        (None, _) => Ok(asked),
        (Some(format), true) if !constrained => Ok(format),
        _ => Err(ApiError::invalid(
            "kinora",
            "An answer can follow one of response_format, kinora.regex, kinora.choice and kinora.grammar. Leave out the others.",
        )),
    }
}
