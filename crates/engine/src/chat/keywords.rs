//! Arguments of calls as Python writes them (LFM2): `city="Oslo", days=2, warm=True`. What a tool gets and what the API tells is
//! JSON all the same.

use serde_json::{Map, Value, json};

use crate::{constrain::compact, error::Result};

/// How Python spells what JSON spells otherwise.
const WORDS: [(&str, Value); 3] = [("True", Value::Bool(true)), ("False", Value::Bool(false)), ("None", Value::Null)];

/// A JSON object of arguments as keywords; text that is none stays as it is.
pub(super) fn spelt(arguments: &str) -> String {
    let Ok(map) = serde_json::from_str::<Map<String, Value>>(arguments) else { return arguments.to_string() };
    let word = |value: &Value| WORDS.iter().find(|(_, known)| known == value).map(|(word, _)| (*word).to_string());
    let one = |(name, value): (&String, &Value)| format!("{name}={}", word(value).unwrap_or_else(|| value.to_string()));
    map.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The JSON object of keywords that a grammar of [`grammar`] made.
pub(super) fn read(text: &str) -> Option<Value> {
    let (mut map, mut rest) = (Map::new(), text);
    while !rest.trim().is_empty() {
        let (name, behind) = rest.split_once('=')?;
        let (value, behind) = match WORDS.iter().find_map(|(word, value)| Some((value, behind.strip_prefix(word)?))) {
            Some((value, behind)) => (value.clone(), behind),
            None => {
                let mut values = serde_json::Deserializer::from_str(behind).into_iter::<Value>();
                (values.next()?.ok()?, behind.get(values.byte_offset()..)?)
            }
        };
        map.insert(name.trim_start_matches([',', ' ']).to_string(), value);
        rest = behind;
    }
    Some(map.into())
}

/// Where keywords end: at the bracket that closes the call.
#[derive(Default)]
pub(super) struct Ending {
    in_string: bool,
    escaped: bool,
}

impl Ending {
    /// Whether `c` is that bracket.
    pub fn is(&mut self, c: char) -> bool {
        match c {
            _ if self.escaped => self.escaped = false,
            '\\' if self.in_string => self.escaped = true,
            '"' => self.in_string = !self.in_string,
            ')' => return !self.in_string,
            _ => {}
        }
        false
    }
}

/// Rules `{rule}` and those below it for keywords of this schema, in its order; `None` where a call takes no arguments.
///
/// # Errors
/// `invalid_request` for a schema of an argument that is too deep or too large.
pub(super) fn grammar(rule: &str, schema: &Value) -> Result<Option<String>> {
    let properties = schema["properties"].as_object().filter(|properties| !properties.is_empty());
    let Some(properties) = properties else { return Ok(None) };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let (mut keywords, mut rules) = (Vec::new(), String::new());
    for (i, (name, schema_of_one)) in properties.iter().enumerate() {
        let value = match schema_of_one["type"].as_str() {
            Some("boolean") if schema_of_one["enum"].is_null() => "\"True\" | \"False\"".to_string(),
            Some("null") => "\"None\"".to_string(),
            _ => {
                let mut one = if schema_of_one.is_object() { schema_of_one.clone() } else { json!({}) };
                // references lead to what the whole schema defines
                for shared in ["$defs", "definitions"].iter().filter(|shared| !schema[**shared].is_null()) {
                    one[*shared] = schema[*shared].clone();
                }
                compact(&mut one)?;
                format!("%json {one}")
            }
        };
        rules.push_str(&format!("{rule}_{i}: {value}\n"));
        keywords.push((format!("{} {rule}_{i}", json!(format!("{name}="))), required.contains(&json!(name))));
    }
    // the first that is there has no comma before it: one alternative for each that may be the first
    let behind = |first: usize| {
        let more = keywords
            .iter()
            .skip(first + 1)
            .map(|(keyword, required)| format!(" (\", \" {keyword}){}", if *required { "" } else { "?" }));
        more.collect::<String>()
    };
    let may_be_first = keywords.iter().position(|(_, required)| *required).map_or(keywords.len(), |at| at + 1);
    let firsts = keywords.iter().take(may_be_first).enumerate();
    let alternatives: Vec<String> = firsts.map(|(i, (keyword, _))| format!("{keyword}{}", behind(i))).collect();
    Ok(Some(format!("{rule}: {}\n{rules}", alternatives.join(" | "))))
}

/// Whether a call may come without any of them.
pub(super) fn may_be_empty(schema: &Value) -> bool {
    schema["required"].as_array().is_none_or(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_and_json_say_the_same() {
        for arguments in [
            json!({}),
            json!({ "city": "Oslo" }),
            json!({ "a": "x, y=2) \"quoted\" \\", "b": 2.5, "c": true, "d": null, "e": [1, { "f": false }], "g": "True" }),
        ] {
            assert_eq!(read(&spelt(&arguments.to_string())), Some(arguments.clone()), "{arguments}");
        }
        assert_eq!(spelt(r#"{"city":"Oslo","warm":true,"none":null}"#), r#"city="Oslo", warm=True, none=None"#);
        assert_eq!(spelt("no json"), "no json");
        assert_eq!(read("city=Oslo"), None);
    }

    #[test]
    fn the_bracket_that_closes_a_call_is_no_bracket_in_a_text() {
        let text = r#"a="x)\")y", b=(1)"#;
        let mut ending = Ending::default();
        assert_eq!(text.find(|c| ending.is(c)), Some(text.len() - 1));
    }
}
