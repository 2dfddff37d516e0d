//! Tools, and which of them may or must be called, in the two spellings of the API.

use serde_json::{Value, json};

use super::error::{ApiError, Result};
use super::fields::{Fields, Table};
use crate::chat::{Tool, ToolChoice};

/// How an endpoint spells a function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Chats: `{ type, function: { name, … } }`.
    Nested,
    /// Responses: `{ type, name, … }`.
    Flat,
}

const NESTED: Table = Table::of(&["type", "function"]);
const FUNCTION: Table = Table::of(&["name", "description", "parameters", "strict"]);
const FLAT: Table = Table::of(&["type", "name", "description", "parameters", "strict"]);
const NAMED: Table = Table::of(&["name"]);
const CHOICE_NESTED: Table = Table::of(&["type", "function", "allowed_tools"]);
const CHOICE_FLAT: Table = Table::of(&["type", "name", "mode", "tools"]);
const ALLOWED: Table = Table::of(&["mode", "tools"]);
const MAX_TOOLS: usize = 128;

/// The field `tools`.
///
/// # Errors
/// Tools that are no functions, names that cannot be, two of one name.
pub(super) fn tools(fields: &Fields, spelling: Spelling) -> Result<Vec<Tool>> {
    let items = fields.array("tools")?.unwrap_or_default();
    if items.len() > MAX_TOOLS {
        return fields.refuse("tools", format!("holds {} tools; at most {MAX_TOOLS} can be.", items.len()));
    }
    let mut tools: Vec<Tool> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let tool = tool(item, fields.path(&format!("tools[{i}]")), spelling)?;
        if tools.iter().any(|t| t.name == tool.name) {
            return fields.refuse("tools", format!("holds two functions of the name {}.", tool.name));
        }
        tools.push(tool);
    }
    Ok(tools)
}

fn tool(item: &Value, at: String, spelling: Spelling) -> Result<Tool> {
    functions_only(item, &at)?;
    let f = match spelling {
        Spelling::Flat => Fields::open(item, at, &FLAT)?,
        Spelling::Nested => inner(&Fields::open(item, at, &NESTED)?, &FUNCTION)?,
    };
    let name = f.required_text("name")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
        return f.refuse("name", "must be 1 to 128 letters, digits, underscores, dots or dashes.");
    }
    let parameters = match f.get("parameters") {
        None => json!({ "type": "object", "properties": {} }),
        Some(Value::Object(schema)) if schema.get("type").is_none_or(|kind| kind == "object") => {
            let mut schema = schema.clone();
            schema.insert("type".into(), "object".into());
            Value::Object(schema)
        }
        Some(_) => return f.refuse("parameters", "must be a JSON schema of the type object."),
    };
    let description = f.text("description")?.map(str::to_string);
    // Arguments always follow the schema, asked for or not
    f.boolean("strict")?;
    Ok(Tool { name: name.to_string(), description, parameters })
}

fn functions_only(item: &Value, at: &str) -> Result<()> {
    match item.get("type").and_then(Value::as_str) {
        Some("function") => Ok(()),
        Some(kind) => {
            let message =
                format!("{at} is a tool of the type {kind}; only functions can be called here. Leave it out.");
            Err(ApiError::unsupported(format!("{at}.type"), message))
        }
        None => Err(ApiError::invalid(format!("{at}.type"), format!("{at}.type must be \"function\"."))),
    }
}

fn inner<'a>(outer: &Fields<'a>, table: &Table) -> Result<Fields<'a>> {
    let value = outer.required("function")?;
    Fields::open(value, outer.path("function"), table)
}

/// The field `tool_choice`.
///
/// # Errors
/// A choice that is none, or of a tool that was not given.
pub(super) fn choice(fields: &Fields, tools: &[Tool], spelling: Spelling) -> Result<ToolChoice> {
    let known = |name: &str, at: &Fields| match tools.iter().any(|t| t.name == name) {
        true => Ok(name.to_string()),
        false => at.refuse("name", format!("is {name}, which is none of the tools.")),
    };
    let Some(value) = fields.get("tool_choice") else { return Ok(ToolChoice::Auto) };
    let chosen = match value {
        Value::String(_) => match fields.word("tool_choice", &["none", "auto", "required"])?.unwrap_or_default() {
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            _ => ToolChoice::Auto,
        },
        _ => {
            let table = if spelling == Spelling::Nested { &CHOICE_NESTED } else { &CHOICE_FLAT };
            let at = Fields::open(value, fields.path("tool_choice"), table)?;
            match at.word("type", &["function", "allowed_tools"])?.unwrap_or_default() {
                "function" if spelling == Spelling::Nested => {
                    let f = inner(&at, &NAMED)?;
                    ToolChoice::Named(known(f.required_text("name")?, &f)?)
                }
                "function" => ToolChoice::Named(known(at.required_text("name")?, &at)?),
                "allowed_tools" => {
                    let list = match spelling {
                        Spelling::Nested => {
                            let value = at.required("allowed_tools")?;
                            Fields::open(value, at.path("allowed_tools"), &ALLOWED)?
                        }
                        Spelling::Flat => at,
                    };
                    let required = list.word("mode", &["auto", "required"])? == Some("required");
                    let mut names = Vec::new();
                    for (i, item) in list.array("tools")?.unwrap_or_default().iter().enumerate() {
                        let at = list.path(&format!("tools[{i}]"));
                        functions_only(item, &at)?;
                        let f = match spelling {
                            Spelling::Flat => Fields::open(item, at, &FLAT)?,
                            Spelling::Nested => inner(&Fields::open(item, at, &NESTED)?, &FUNCTION)?,
                        };
                        names.push(known(f.required_text("name")?, &f)?);
                    }
                    if names.is_empty() {
                        return list.refuse("tools", "names no tool.");
                    }
                    ToolChoice::Allowed { names, required }
                }
                _ => return at.refuse("type", "is missing. Give function or allowed_tools."),
            }
        }
    };
    let must =
        matches!(chosen, ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. });
    if must && tools.is_empty() {
        return fields.refuse("tool_choice", "asks for a call, and there are no tools.");
    }
    Ok(chosen)
}
