//! The filters, tests and functions that published templates use; the ones that can grow text pay for it.

use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, filters as f, tests as t};

use super::{Budget, guard};

const MAX_RANGE: usize = 10_000;
const MAX_INDENT: usize = 16;
/// How often a variable may repeat a text of at most 256 KiB.
const MAX_COUNT: i64 = 64;

pub(super) fn install(env: &mut Environment, budget: &Budget) {
    env.add_filter("safe", |value: Value| value);
    for name in ["e", "escape"] {
        let b = budget.clone();
        env.add_filter(name, move |value: Value| escape(&b, &value));
    }
    env.add_filter("length", f::length);
    env.add_filter("count", f::length);
    env.add_filter("trim", f::trim);
    env.add_filter("lower", f::lower);
    env.add_filter("upper", f::upper);
    env.add_filter("title", f::title);
    env.add_filter("capitalize", f::capitalize);
    env.add_filter("default", f::default);
    env.add_filter("d", f::default);
    env.add_filter("first", f::first);
    env.add_filter("last", f::last);
    env.add_filter("items", f::items);
    env.add_filter("dictsort", f::dictsort);
    env.add_filter("reverse", f::reverse);
    env.add_filter("list", f::list);
    env.add_filter("int", f::int);
    env.add_filter("float", f::float);
    env.add_filter("bool", f::bool);
    env.add_filter("abs", f::abs);
    env.add_filter("round", f::round);
    env.add_filter("min", f::min);
    env.add_filter("max", f::max);
    env.add_filter("sort", f::sort);
    env.add_filter("unique", f::unique);
    env.add_filter("attr", f::attr);
    env.add_filter("map", f::map);
    env.add_filter("select", f::select);
    env.add_filter("reject", f::reject);
    env.add_filter("selectattr", f::selectattr);
    env.add_filter("rejectattr", f::rejectattr);
    env.add_filter("split", f::split);

    let b = budget.clone();
    env.add_filter("string", move |value: Value| b.text(&value));
    let b = budget.clone();
    env.add_filter("join", move |values: Value, separator: Option<String>| {
        join(&b, &values, &separator.unwrap_or_default())
    });
    let b = budget.clone();
    env.add_filter("replace", move |text: &str, from: &str, to: &str| replace(&b, text, from, to));
    let b = budget.clone();
    env.add_filter("tojson", move |value: Value, options: Kwargs| to_json(&b, &value, &options));
    let b = budget.clone();
    env.add_filter("indent", move |text: &str, width: Option<usize>, first: Option<bool>| {
        indent(&b, text, width, first)
    });
    let b = budget.clone();
    env.add_filter(guard::CHECKED, move |value: Value| b.check(&value).map(|()| value));
    env.add_filter(guard::COUNT, |n: i64| match n {
        ..=MAX_COUNT => Ok(n),
        _ => Err(super::too_large()),
    });
    let b = budget.clone();
    env.add_function(guard::PAY, move |n: usize| b.pay(n).map(|()| false));

    env.add_test("defined", t::is_defined);
    env.add_test("undefined", |v: &Value| v.is_undefined());
    env.add_test("none", t::is_none);
    env.add_test("boolean", t::is_boolean);
    env.add_test("true", t::is_true);
    env.add_test("false", t::is_false);
    env.add_test("odd", t::is_odd);
    env.add_test("even", t::is_even);
    env.add_test("divisibleby", t::is_divisibleby);
    env.add_test("number", t::is_number);
    env.add_test("integer", t::is_integer);
    env.add_test("float", t::is_float);
    env.add_test("string", t::is_string);
    env.add_test("sequence", t::is_sequence);
    // To minijinja, nothing is an empty list
    env.add_test("iterable", |v: &Value| !v.is_none() && t::is_iterable(v));
    env.add_test("mapping", t::is_mapping);
    env.add_test("startingwith", t::is_startingwith);
    env.add_test("endingwith", t::is_endingwith);
    env.add_test("in", t::is_in);
    for (names, test) in [
        (["eq", "equalto", "=="], t::is_eq as fn(&Value, &Value) -> bool),
        (["ne", "ne", "!="], t::is_ne),
        (["lt", "lessthan", "<"], t::is_lt),
        (["le", "le", "<="], t::is_le),
        (["gt", "greaterthan", ">"], t::is_gt),
        (["ge", "ge", ">="], t::is_ge),
    ] {
        for name in names {
            env.add_test(name, test);
        }
    }

    env.add_function("namespace", minijinja::functions::namespace);
    env.add_function("dict", minijinja::functions::dict);
    env.add_function("range", |first: i64, last: Option<i64>, step: Option<i64>| range(first, last, step));
    env.add_function("raise_exception", |message: Rest<Value>| -> Result<Value, Error> {
        let text =
            message.first().and_then(|m| m.as_str()).unwrap_or("the template refuses this conversation").to_owned();
        Err(Error::new(ErrorKind::InvalidOperation, text))
    });
}

fn range(first: i64, last: Option<i64>, step: Option<i64>) -> Result<Value, Error> {
    let (from, to) = last.map_or((0, first), |last| (first, last));
    let invalid = |message: &'static str| Error::new(ErrorKind::InvalidOperation, message);
    let step = step.unwrap_or(1);
    let mut out = Vec::new();
    let mut at = from;
    while (step > 0 && at < to) || (step < 0 && at > to) {
        if out.len() >= MAX_RANGE {
            return Err(invalid("range has more than 10,000 elements"));
        }
        out.push(at);
        at = at.checked_add(step).ok_or_else(|| invalid("range overflows"))?;
    }
    if step == 0 { Err(invalid("range has a step of 0")) } else { Ok(Value::from(out)) }
}

pub(super) fn join(budget: &Budget, values: &Value, separator: &str) -> Result<String, Error> {
    let mut out = String::new();
    for (i, value) in values.try_iter()?.enumerate() {
        if i > 0 {
            budget.pay(separator.len())?;
            out.push_str(separator);
        }
        out.push_str(&budget.text(&value)?);
    }
    Ok(out)
}

pub(super) fn replace(budget: &Budget, text: &str, from: &str, to: &str) -> Result<String, Error> {
    let hits = text.matches(from).count();
    budget.pay(text.len().saturating_add(hits.saturating_mul(to.len())))?;
    Ok(text.replace(from, to))
}

fn indent(budget: &Budget, text: &str, width: Option<usize>, first: Option<bool>) -> Result<String, Error> {
    let pad = " ".repeat(width.unwrap_or(4).min(MAX_INDENT));
    let mut out = String::new();
    for (i, line) in text.lines().enumerate() {
        budget.pay(line.len().saturating_add(pad.len()).saturating_add(1))?;
        if i > 0 {
            out.push('\n');
        }
        if !line.is_empty() && (i > 0 || first == Some(true)) {
            out.push_str(&pad);
        }
        out.push_str(line);
    }
    Ok(out)
}

/// As jinja2's `escape`, for HTML.
fn escape(budget: &Budget, value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    for c in budget.text(value)?.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    budget.pay(out.len())?;
    Ok(out)
}

/// How JSON is written.
struct Style {
    indent: Option<usize>,
    ascii: bool,
    sort: bool,
    item: String,
    key: String,
}

/// As Hugging Face's `tojson`: Python's `json.dumps` with `ensure_ascii=False`.
fn to_json(budget: &Budget, value: &Value, options: &Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let mut separators = separators.unwrap_or_default().into_iter();
    let style = Style {
        indent: indent.map(|n| n.min(MAX_INDENT)),
        ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sort: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        item: separators.next().unwrap_or_else(|| if indent.is_some() { "," } else { ", " }.into()),
        key: separators.next().unwrap_or_else(|| ": ".into()),
    };
    let mut out = String::new();
    put_json(budget, value, &style, 0, &mut out)?;
    Ok(out)
}

fn put_json(budget: &Budget, value: &Value, style: &Style, depth: usize, out: &mut String) -> Result<(), Error> {
    const MAX_DEPTH: usize = 24;
    budget.pay(8)?;
    if depth > MAX_DEPTH {
        return Err(super::too_large());
    }
    let deeper = depth.saturating_add(1);
    let line = |out: &mut String, depth: usize| {
        if let Some(width) = style.indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width.saturating_mul(depth)));
        }
    };
    let comma = |out: &mut String, i: usize| -> Result<(), Error> {
        if i > 0 {
            budget.pay(style.item.len())?;
            out.push_str(&style.item);
        }
        Ok(())
    };
    match value.kind() {
        ValueKind::Map => {
            out.push('{');
            let mut any = false;
            let mut keys: Vec<Value> = value.try_iter()?.collect();
            if style.sort {
                keys.sort();
            }
            for (i, key) in keys.into_iter().enumerate() {
                any = true;
                comma(out, i)?;
                line(out, deeper);
                put_text(budget, &budget.text(&key)?, style, out)?;
                budget.pay(style.key.len())?;
                out.push_str(&style.key);
                put_json(budget, &value.get_item(&key)?, style, deeper, out)?;
            }
            if any {
                line(out, depth);
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            let mut any = false;
            for (i, item) in value.try_iter()?.enumerate() {
                any = true;
                comma(out, i)?;
                line(out, deeper);
                put_json(budget, &item, style, deeper, out)?;
            }
            if any {
                line(out, depth);
            }
            out.push(']');
        }
        ValueKind::None | ValueKind::Undefined => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => out.push_str(&budget.text(value)?),
        _ => put_text(budget, &budget.text(value)?, style, out)?,
    }
    Ok(())
}

fn put_text(budget: &Budget, text: &str, style: &Style, out: &mut String) -> Result<(), Error> {
    let quoted = serde_json::Value::from(text).to_string();
    budget.pay(quoted.len())?;
    if !style.ascii {
        out.push_str(&quoted);
        return Ok(());
    }
    budget.pay(quoted.len().saturating_mul(5))?;
    for c in quoted.chars() {
        match c {
            ..='\u{7e}' => out.push(c),
            c => out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    Ok(())
}
