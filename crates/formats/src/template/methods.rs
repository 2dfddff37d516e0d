//! Python's methods of strings, lists and dictionaries, as far as published templates call them.

use minijinja::value::{Value, ValueKind, from_args};
use minijinja::{Error, ErrorKind};

use super::{Budget, filters};

pub(super) fn call(budget: &Budget, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return of_text(budget, text, method, args);
    }
    match (value.kind(), method) {
        (ValueKind::Map, "items") => {
            from_args::<()>(args)?;
            let pair = |key: Value| Ok(Value::from(vec![key.clone(), value.get_item(&key)?]));
            value.try_iter()?.map(pair).collect::<Result<Vec<_>, Error>>().map(Value::from)
        }
        (ValueKind::Map, "keys") => {
            from_args::<()>(args)?;
            Ok(Value::from(value.try_iter()?.collect::<Vec<_>>()))
        }
        (ValueKind::Map, "values") => {
            from_args::<()>(args)?;
            value.try_iter()?.map(|key| value.get_item(&key)).collect::<Result<Vec<_>, Error>>().map(Value::from)
        }
        (ValueKind::Map, "get") => {
            let (key, default): (&Value, Option<&Value>) = from_args(args)?;
            match value.get_item(key)? {
                found if found.is_undefined() => Ok(default.cloned().unwrap_or(Value::from(()))),
                found => Ok(found),
            }
        }
        (ValueKind::Seq, "count") => {
            let (what,): (&Value,) = from_args(args)?;
            Ok(Value::from(value.try_iter()?.filter(|v| v == what).count()))
        }
        (ValueKind::Seq, "index") => {
            let (what,): (&Value,) = from_args(args)?;
            let position = value.try_iter()?.position(|v| v == *what);
            position
                .map(Value::from)
                .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "the value is not in the list"))
        }
        _ => Err(unknown(method)),
    }
}

fn unknown(method: &str) -> Error {
    Error::new(ErrorKind::UnknownMethod, format!("there is no method {method:?}"))
}

fn of_text(budget: &Budget, text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    budget.pay(text.len())?;
    let chars = || -> Result<Option<&str>, Error> { Ok(from_args::<(Option<&str>,)>(args)?.0) };
    Ok(match method {
        "strip" => strip(text, chars()?, true, true).into(),
        "lstrip" => strip(text, chars()?, true, false).into(),
        "rstrip" => strip(text, chars()?, false, true).into(),
        "upper" => text.to_uppercase().into(),
        "lower" => text.to_lowercase().into(),
        "title" => minijinja::filters::title(text.into()).into(),
        "capitalize" => {
            let mut rest = text.chars();
            let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
            (first + &rest.as_str().to_lowercase()).into()
        }
        "startswith" => affix(args, |a| text.starts_with(a))?.into(),
        "endswith" => affix(args, |a| text.ends_with(a))?.into(),
        "isdigit" => (!text.is_empty() && text.chars().all(char::is_numeric)).into(),
        "isalpha" => (!text.is_empty() && text.chars().all(char::is_alphabetic)).into(),
        "isspace" => (!text.is_empty() && text.chars().all(char::is_whitespace)).into(),
        "find" => {
            let (what,): (&str,) = from_args(args)?;
            let before = text.find(what).and_then(|at| text.get(..at));
            before.map_or(-1, |b| b.chars().count() as i64).into()
        }
        "count" => {
            let (what,): (&str,) = from_args(args)?;
            text.matches(what).count().into()
        }
        "replace" => {
            let (from, to): (&str, &str) = from_args(args)?;
            filters::replace(budget, text, from, to)?.into()
        }
        "join" => {
            let (values,): (&Value,) = from_args(args)?;
            filters::join(budget, values, text)?.into()
        }
        "split" => {
            let (separator, max): (Option<&str>, Option<i64>) = from_args(args)?;
            let max = max.and_then(|n| usize::try_from(n).ok()).map_or(usize::MAX, |n| n.saturating_add(1));
            match separator {
                Some("") => return Err(Error::new(ErrorKind::InvalidOperation, "an empty separator")),
                Some(s) => text.splitn(max, s).map(Value::from).collect::<Vec<_>>().into(),
                None => text.split_whitespace().map(Value::from).collect::<Vec<_>>().into(),
            }
        }
        "format" => format(budget, text, args)?.into(),
        "splitlines" => text.lines().map(Value::from).collect::<Vec<_>>().into(),
        "removeprefix" => {
            let (a,): (&str,) = from_args(args)?;
            text.strip_prefix(a).unwrap_or(text).into()
        }
        "removesuffix" => {
            let (a,): (&str,) = from_args(args)?;
            text.strip_suffix(a).unwrap_or(text).into()
        }
        _ => return Err(unknown(method)),
    })
}

/// Python's `str.format` for `{}` only, as templates use it.
fn format(budget: &Budget, text: &str, args: &[Value]) -> Result<String, Error> {
    let invalid = |message: &'static str| Error::new(ErrorKind::InvalidOperation, message);
    let mut out = String::new();
    let mut args = args.iter();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let after = after.strip_prefix('}').ok_or_else(|| invalid("format knows {} only"))?;
        out.push_str(&budget.text(args.next().ok_or_else(|| invalid("format has too few values"))?)?);
        rest = after;
    }
    Ok(out + rest)
}

fn strip<'a>(text: &'a str, chars: Option<&str>, start: bool, end: bool) -> &'a str {
    let drop = |c: char| chars.map_or(c.is_whitespace(), |set| set.contains(c));
    let text = if start { text.trim_start_matches(drop) } else { text };
    if end { text.trim_end_matches(drop) } else { text }
}

/// One affix or a tuple of them.
fn affix(args: &[Value], has: impl Fn(&str) -> bool) -> Result<bool, Error> {
    let (which,): (&Value,) = from_args(args)?;
    if let Some(one) = which.as_str() {
        return Ok(has(one));
    }
    Ok(which.try_iter()?.any(|v| v.as_str().is_some_and(&has)))
}
