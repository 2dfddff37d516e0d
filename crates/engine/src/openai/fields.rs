//! Reading a JSON object by a table of its fields: what is not in the table is refused by name, and `null` is absent.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::error::{ApiError, Result};

/// The fields that an object may have.
pub struct Table {
    /// Fields that do what the API says.
    pub honoured: &'static [&'static str],
    /// Fields that change nothing on one's own device: taken, and listed in the header `x-kinora-ignored`.
    pub ignored: &'static [&'static str],
    /// Fields of the API that cannot be honoured, with why and what to do.
    pub refused: &'static [(&'static str, &'static str)],
}

impl Table {
    /// A table of an inner object: all or nothing.
    pub const fn of(honoured: &'static [&'static str]) -> Self {
        Self { honoured, ignored: &[], refused: &[] }
    }
}

/// An object whose fields have been looked up in a table.
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// Path of the object, empty for the whole body.
    at: String,
}

impl<'a> Fields<'a> {
    /// # Errors
    /// `invalid_value` where `value` is no object, `unsupported_parameter` with the name of the first field that is refused.
    pub fn open(value: &'a Value, at: impl Into<String>, table: &Table) -> Result<Self> {
        let at = at.into();
        let Some(map) = value.as_object() else {
            return Err(ApiError::invalid(at.clone(), format!("{} must be an object.", shown(&at))));
        };
        let fields = Self { map, at };
        for (name, _) in map.iter().filter(|(_, value)| !value.is_null()) {
            let name = name.as_str();
            if let Some((_, why)) = table.refused.iter().find(|(refused, _)| *refused == name) {
                return Err(ApiError::unsupported(fields.path(name), format!("{} {why}", fields.path(name))));
            }
            if !table.honoured.contains(&name) && !table.ignored.contains(&name) {
                let known = table.honoured.join(", ");
                let message = format!("{} is not known here. Leave it out; known are {known}.", fields.path(name));
                return Err(ApiError::unsupported(fields.path(name), message));
            }
        }
        Ok(fields)
    }

    /// The fields of `table.ignored` that were given.
    pub fn ignored(&self, table: &Table) -> Vec<&'static str> {
        table.ignored.iter().copied().filter(|name| self.get(name).is_some()).collect()
    }

    /// The path of a field, as errors name it.
    pub fn path(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_string() } else { format!("{}.{name}", self.at) }
    }

    /// A field's value; `null` is absent.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Refuses the value of a field.
    pub fn refuse<T>(&self, name: &str, why: impl std::fmt::Display) -> Result<T> {
        Err(ApiError::invalid(self.path(name), format!("{} {why}", self.path(name))))
    }

    /// A field that must be there.
    pub fn required(&self, name: &str) -> Result<&'a Value> {
        self.get(name).ok_or_else(|| {
            ApiError::missing(self.path(name), format!("{} is missing. Give it a value.", self.path(name)))
        })
    }

    /// A finite number within `range`.
    pub fn number(&self, name: &str, range: RangeInclusive<f32>) -> Result<Option<f32>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.as_f64() {
            Some(n) if range.contains(&(n as f32)) => Ok(Some(n as f32)),
            _ => self.refuse(name, format!("must be a number from {} to {}, not {value}.", range.start(), range.end())),
        }
    }

    /// A whole number within `range`.
    pub fn integer(&self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        // 1.0 is a whole number too, as some clients write it
        let whole =
            value.as_u64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64));
        match whole {
            Some(n) if range.contains(&n) => Ok(Some(n)),
            _ => self.refuse(
                name,
                format!("must be a whole number from {} to {}, not {value}.", range.start(), range.end()),
            ),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(b)) => Ok(Some(*b)),
            Some(_) => self.refuse(name, "must be true or false."),
        }
    }

    /// A string.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s)),
            Some(_) => self.refuse(name, "must be a string."),
        }
    }

    /// A string that must be there.
    pub fn required_text(&self, name: &str) -> Result<&'a str> {
        self.required(name)?;
        self.text(name).map(Option::unwrap_or_default)
    }

    /// One of `words`.
    pub fn word(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => self.refuse(name, format!("is \"{text}\", which is none of {}.", words.join(", "))),
        }
    }

    /// An array.
    pub fn array(&self, name: &str) -> Result<Option<&'a [Value]>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => self.refuse(name, "must be an array."),
        }
    }

    /// Strings, given as one or as an array.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(s)) => Ok(vec![s.clone()]),
            Some(Value::Array(items)) => {
                let strings = items.iter().map(|item| item.as_str().map(str::to_string)).collect();
                match strings {
                    Some(strings) => Ok(strings),
                    None => self.refuse(name, "must hold strings only."),
                }
            }
            Some(_) => self.refuse(name, "must be a string or an array of strings."),
        }
    }

    /// An inner object, by its own table.
    pub fn object(&self, name: &str, table: &Table) -> Result<Option<Fields<'a>>> {
        self.get(name).map(|value| Fields::open(value, self.path(name), table)).transpose()
    }
}

fn shown(at: &str) -> &str {
    if at.is_empty() { "The body" } else { at }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: Table =
        Table { honoured: &["a", "b"], ignored: &["user"], refused: &[("functions", "is old. Use tools.")] };

    #[test]
    fn null_is_absent_and_what_is_not_known_is_named() {
        let body = json!({ "a": 1, "b": null, "functions": null, "what": null, "user": "me" });
        let fields = Fields::open(&body, "", &TABLE).unwrap();
        assert_eq!(fields.integer("a", 0..=1).unwrap(), Some(1));
        assert_eq!(fields.number("b", 0.0..=1.0).unwrap(), None);
        assert_eq!(fields.ignored(&TABLE), ["user"]);
        let refused = |body: Value| Fields::open(&body, "x", &TABLE).err().unwrap();
        assert_eq!(refused(json!({ "what": 1 })).param.as_deref(), Some("x.what"));
        assert_eq!(refused(json!({ "functions": [] })).code, "unsupported_parameter");
        assert_eq!(refused(json!([1])).code, "invalid_value");
    }

    #[test]
    fn a_number_must_be_finite_and_within_its_range() {
        let body = json!({ "a": 2.5, "b": 3.0 });
        let fields = Fields::open(&body, "", &TABLE).unwrap();
        assert_eq!(fields.number("a", 0.0..=2.0).unwrap_err().param.as_deref(), Some("a"));
        assert!(fields.integer("a", 0..=9).is_err());
        assert_eq!(fields.integer("b", 0..=9).unwrap(), Some(3));
        let body = json!({ "a": "1", "b": -1 });
        let fields = Fields::open(&body, "", &TABLE).unwrap();
        assert!(fields.number("a", 0.0..=2.0).is_err() && fields.integer("b", 0..=9).is_err());
    }
}
