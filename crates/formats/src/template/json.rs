//! Hugging Face's `tojson`: Python's `json.dumps`, paid for while it is written.

use std::fmt::Write;

use minijinja::Error;
use minijinja::value::{Kwargs, Value, ValueKind};

use super::{Budget, too_large};

const MAX_INDENT: usize = 16;
const MAX_DEPTH: usize = 64;

struct Style {
    indent: Option<usize>,
    ascii: bool,
    sort: bool,
    comma: String,
    colon: String,
}

/// `json.dumps(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False)`, each of which may be given.
pub(super) fn to_json(budget: &Budget, value: &Value, options: &Kwargs) -> Result<String, Error> {
    let indent = options.get::<Option<usize>>("indent")?.map(|n| n.min(MAX_INDENT));
    let separators = options.get::<Option<Vec<String>>>("separators")?.unwrap_or_default();
    let separator = |i: usize, usual: &str| {
        separators.get(i).filter(|s| s.len() <= MAX_INDENT).cloned().unwrap_or_else(|| usual.to_owned())
    };
    let style = Style {
        indent,
        ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sort: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        comma: separator(0, if indent.is_some() { "," } else { ", " }),
        colon: separator(1, ": "),
    };
    let mut out = String::new();
    style.put(budget, value, 0, &mut out)?;
    Ok(out)
}

impl Style {
    fn put(&self, budget: &Budget, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        budget.pay(8)?;
        if depth > MAX_DEPTH {
            return Err(too_large());
        }
        let deeper = depth.saturating_add(1);
        match value.kind() {
            ValueKind::Map => {
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.sort {
                    keys.sort();
                }
                out.push('{');
                for (i, key) in keys.iter().enumerate() {
                    self.next(i, deeper, out);
                    self.text(budget, &budget.text(key)?, out)?;
                    out.push_str(&self.colon);
                    self.put(budget, &value.get_item(key)?, deeper, out)?;
                }
                self.close(!keys.is_empty(), depth, out);
                out.push('}');
            }
            ValueKind::Seq | ValueKind::Iterable => {
                out.push('[');
                let mut any = false;
                for (i, item) in value.try_iter()?.enumerate() {
                    any = true;
                    self.next(i, deeper, out);
                    self.put(budget, &item, deeper, out)?;
                }
                self.close(any, depth, out);
                out.push(']');
            }
            ValueKind::None | ValueKind::Undefined => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => out.push_str(&budget.text(value)?),
            _ => self.text(budget, &budget.text(value)?, out)?,
        }
        Ok(())
    }

    /// Before element `i`.
    fn next(&self, i: usize, depth: usize, out: &mut String) {
        if i > 0 {
            out.push_str(&self.comma);
        }
        self.line(depth, out);
    }

    fn close(&self, any: bool, depth: usize, out: &mut String) {
        if any {
            self.line(depth, out);
        }
    }

    fn line(&self, depth: usize, out: &mut String) {
        if let Some(width) = self.indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width.saturating_mul(depth)));
        }
    }

    fn text(&self, budget: &Budget, text: &str, out: &mut String) -> Result<(), Error> {
        let quoted = serde_json::Value::from(text).to_string();
        budget.pay(quoted.len())?;
        if !self.ascii {
            out.push_str(&quoted);
            return Ok(());
        }
        let mut units = [0; 2];
        for c in quoted.chars() {
            if c.is_ascii() {
                out.push(c);
                continue;
            }
            for unit in c.encode_utf16(&mut units) {
                budget.pay(6)?;
                write!(out, "\\u{unit:04x}").map_err(|_| too_large())?;
            }
        }
        Ok(())
    }
}
