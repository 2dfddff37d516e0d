//! Checks a template's source before it is parsed, and rewrites it so that stored values are checked while it runs.
//!
//! Refused, because published templates do without and each is a way to exhaust stack or memory: sources above 64 KiB, deep
//! nesting, long expressions, statements outside a short list, recursive loops, and `*` but for literals and plain counts.
//! Rewritten: `{% set x = E %}` to `{% set x = (E)|kinora_checked %}`, the same for each parameter of a macro, `x * n` to
//! `x * n|kinora_count`, and each loop body and macro body begins with a call that pays for the text in it.

const MAX_SOURCE: usize = 64 << 10;
/// Tokens of one tag, operators that grow text in one tag, brackets inside each other.
const MAX_TOKENS: usize = 512;
const MAX_GROWTH: usize = 32;
const MAX_BRACKETS: usize = 32;
/// Signs and `not`s in a row.
const MAX_UNARY: usize = 8;
/// Statements inside each other; `elif`s count too, since each nests in the one before.
const MAX_BLOCKS: usize = 200;
const MAX_REPEAT: u64 = 256;

/// What the rewritten source calls.
pub(super) const CHECKED: &str = "kinora_checked";
pub(super) const PAY: &str = "kinora_pay";
pub(super) const COUNT: &str = "kinora_count";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Name(&'a str),
    Number(&'a str),
    Text,
    Op(&'a str),
}

/// The source to render, or why it is refused.
pub(super) fn guard(source: &str) -> Result<String, String> {
    if source.len() > MAX_SOURCE {
        return Err(format!("it has {} bytes, more than {MAX_SOURCE}", source.len()));
    }
    let mut out = String::with_capacity(source.len().saturating_mul(2));
    let mut rest = source;
    let mut depth = 0usize;
    let raw_len = source.len();
    while let Some((text, tag)) = next_tag(rest) {
        out.push_str(text);
        let (kind, body) = tag.split_at(2);
        if kind == "{#" {
            let end = body.find("#}").ok_or("a comment without end")?;
            let (_, after) = body.split_at(end);
            rest = after.get(2..).unwrap_or_default();
            // Its whitespace control must still work
            out.push_str(if body.starts_with('-') { "{#-" } else { "{#" });
            out.push_str(if end > 1 && body.get(..end).is_some_and(|b| b.ends_with('-')) { "-#}" } else { "#}" });
            continue;
        }
        let close = if kind == "{{" { "}}" } else { "%}" };
        let tokens = tokenize(body, close)?;
        let len = tokens.end;
        let inner = &check_counts(body.get(..len).unwrap_or_default(), &tokens);
        rest = body.get(len.saturating_add(2)..).unwrap_or_default();
        check_expression(&tokens.tokens)?;
        out.push_str(kind);
        if kind == "{{" {
            out.push_str(inner);
            out.push_str(close);
            continue;
        }
        statement(&mut out, inner, &tokens, &mut depth, raw_len)?;
    }
    out.push_str(rest);
    Ok(out)
}

/// The text before the next tag, and the rest from that tag on.
fn next_tag(rest: &str) -> Option<(&str, &str)> {
    let at = rest
        .match_indices('{')
        .find(|(at, _)| rest.as_bytes().get(at.saturating_add(1)).is_some_and(|c| matches!(c, b'{' | b'%' | b'#')))?;
    Some(rest.split_at(at.0))
}

struct Tokens<'a> {
    tokens: Vec<Token<'a>>,
    /// Where each token begins.
    starts: Vec<usize>,
    /// Where the closing delimiter begins.
    end: usize,
}

/// The tokens up to `close`.
fn tokenize<'a>(body: &'a str, close: &str) -> Result<Tokens<'a>, String> {
    let mut out = Tokens { tokens: Vec::new(), starts: Vec::new(), end: 0 };
    let mut braces = 0usize;
    let mut at = 0usize;
    while let Some(c) = body.get(at..).and_then(|r| r.chars().next()) {
        let rest = body.get(at..).unwrap_or_default();
        if rest.starts_with(close) && (braces == 0 || close == "%}") {
            out.end = at;
            return Ok(out);
        }
        if c.is_whitespace() {
            at = at.saturating_add(c.len_utf8());
            continue;
        }
        let word = |keep: fn(char) -> bool| rest.find(|c: char| !keep(c)).unwrap_or(rest.len());
        let (token, len) = if c == '\'' || c == '"' {
            (Token::Text, string_len(rest, c).ok_or("a string without end")?)
        } else if c.is_ascii_digit() {
            let len = word(|c| c.is_ascii_alphanumeric() || c == '_');
            (Token::Number(rest.get(..len).unwrap_or_default()), len)
        } else if c.is_alphanumeric() || c == '_' {
            let len = word(|c| c.is_alphanumeric() || c == '_');
            (Token::Name(rest.get(..len).unwrap_or_default()), len)
        } else {
            let two = ["**", "==", "!=", "<=", ">=", "//"].iter().any(|op| rest.starts_with(op));
            let len = if two { 2 } else { c.len_utf8() };
            match c {
                '{' => braces = braces.saturating_add(1),
                '}' => braces = braces.saturating_sub(1),
                _ => {}
            }
            (Token::Op(rest.get(..len).unwrap_or_default()), len)
        };
        out.tokens.push(token);
        out.starts.push(at);
        if out.tokens.len() > MAX_TOKENS {
            return Err(format!("an expression has more than {MAX_TOKENS} parts"));
        }
        at = at.saturating_add(len);
    }
    Err("a tag without end".into())
}

/// Length of the string literal that `rest` begins with, quotes included.
fn string_len(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at.checked_add(1);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

fn check_expression(tokens: &[Token]) -> Result<(), String> {
    let (mut brackets, mut unary, mut growth, mut repeats) = (0usize, 0usize, 0usize, 0usize);
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Op("(" | "[" | "{") => brackets = brackets.saturating_add(1),
            Token::Op(")" | "]" | "}") => brackets = brackets.saturating_sub(1),
            Token::Op("*") => {
                repeats = repeats.saturating_add(1);
                if !literal_repeat(i.checked_sub(1).and_then(|i| tokens.get(i)), tokens.get(i.saturating_add(1))) {
                    counted(tokens, i)?;
                }
            }
            _ => {}
        }
        if matches!(token, Token::Op("+" | "~" | "*" | "**")) {
            growth = growth.saturating_add(1);
        }
        let sign = matches!(token, Token::Name("not") | Token::Op("-" | "+"));
        unary = if sign { unary.saturating_add(1) } else { 0 };
        for (got, max, what) in [
            (brackets, MAX_BRACKETS, "brackets inside each other"),
            (unary, MAX_UNARY, "signs in a row"),
            (growth, MAX_GROWTH, "additions in one expression"),
            (repeats, 1, "repetition with * in one expression"),
        ] {
            if got > max {
                return Err(format!("it has more than {max} {what}"));
            }
        }
    }
    Ok(())
}

/// A short literal repeated up to 256 times, or a product of numbers.
fn literal_repeat(left: Option<&Token>, right: Option<&Token>) -> bool {
    let small = |t: &Token| matches!(t, Token::Number(n) if n.parse::<u64>().is_ok_and(|n| n <= MAX_REPEAT));
    match (left, right) {
        (Some(Token::Text), Some(n)) | (Some(n), Some(Token::Text)) => small(n),
        (Some(Token::Number(_)), Some(Token::Number(_))) => true,
        _ => false,
    }
}

/// The name behind the `*` at token `i`, where it is a plain one: its value is checked while the template runs.
fn counted<'a>(tokens: &[Token<'a>], i: usize) -> Result<&'a str, String> {
    let (name, after) = (tokens.get(i.saturating_add(1)), tokens.get(i.saturating_add(2)));
    match (name, after) {
        (
            Some(Token::Name(name)),
            None | Some(Token::Op(")" | "]" | "}" | "," | "~" | "+" | "-" | "%" | "|" | ":")),
        ) => Ok(name),
        _ => Err("it repeats something with *".into()),
    }
}

/// `inner` with a check behind each count of a `*`.
fn check_counts(inner: &str, tokens: &Tokens) -> String {
    let star = tokens.tokens.iter().position(|t| *t == Token::Op("*"));
    let name = star.and_then(|i| Some((counted(&tokens.tokens, i).ok()?, tokens.starts.get(i.saturating_add(1))?)));
    let Some((name, start)) = name else { return inner.to_owned() };
    match inner.split_at_checked(start.saturating_add(name.len())) {
        Some((before, after)) => format!("{before}|{COUNT}{after}"),
        None => inner.to_owned(),
    }
}

/// Writes `{% … %}` (the opening is written already), rewritten where it stores or repeats something.
fn statement(out: &mut String, inner: &str, tokens: &Tokens, depth: &mut usize, raw_len: usize) -> Result<(), String> {
    let mut list = tokens.tokens.as_slice();
    let mut starts = tokens.starts.as_slice();
    if let [Token::Op("-" | "+"), rest @ ..] = list {
        list = rest;
        starts = starts.get(1..).unwrap_or_default();
    }
    // `-%}` trims what follows; an inserted tag has to do it instead
    let trim = match list {
        [rest @ .., Token::Op(sign @ ("-" | "+"))] => {
            list = rest;
            *sign
        }
        _ => "",
    };
    let body_end = inner.len().saturating_sub(trim.len());
    let body = inner.trim_end().get(..body_end.min(inner.trim_end().len())).unwrap_or_default();
    let body = body.strip_suffix(trim).filter(|_| !trim.is_empty()).unwrap_or(body);
    let Some(Token::Name(name)) = list.first() else { return Err("a tag without a statement".into()) };
    let pay = format!("{{% if {PAY}({raw_len}) %}}{{% endif ");
    match *name {
        "if" | "for" | "macro" | "elif" | "filter" => *depth = depth.saturating_add(1),
        "endfor" | "endmacro" | "endset" | "endif" | "endfilter" => *depth = depth.saturating_sub(1),
        "set" | "else" | "break" | "continue" => {}
        // Marks what the assistant said, for training; nothing to render
        "generation" | "endgeneration" => {
            out.push_str(&inner.replacen(name, if *name == "generation" { "if true" } else { "endif" }, 1));
            out.push_str("%}");
            return Ok(());
        }
        other => return Err(format!("it uses the statement {other:?}")),
    }
    if *depth > MAX_BLOCKS {
        return Err(format!("it nests more than {MAX_BLOCKS} statements"));
    }
    match *name {
        "set" => match list.iter().position(|t| *t == Token::Op("=")) {
            Some(i) => {
                let at = starts.get(i).copied().unwrap_or_default().saturating_add(1);
                let (target, value) = body.split_at_checked(at).ok_or("a broken assignment")?;
                out.push_str(&format!("{target} ({value})|{CHECKED} {trim}%}}"));
            }
            None => {
                *depth = depth.saturating_add(1);
                out.push_str(&format!("{body} {trim}%}}"));
            }
        },
        "for" => {
            if list.contains(&Token::Name("recursive")) {
                return Err("it uses a recursive loop".into());
            }
            out.push_str(&format!("{body} %}}{pay}{trim}%}}"));
        }
        "macro" => {
            out.push_str(&format!("{body} %}}"));
            for parameter in parameters(list) {
                out.push_str(&format!("{{% set {parameter} = {parameter}|{CHECKED} %}}"));
            }
            out.push_str(&format!("{pay}{trim}%}}"));
        }
        _ => out.push_str(&format!("{body} {trim}%}}")),
    }
    Ok(())
}

/// The names of a macro's parameters.
fn parameters<'a>(list: &[Token<'a>]) -> Vec<&'a str> {
    let mut out = Vec::new();
    let mut depth = 0usize;
    let mut before = None;
    for token in list {
        match token {
            Token::Op("(" | "[" | "{") => depth = depth.saturating_add(1),
            Token::Op(")" | "]" | "}") => depth = depth.saturating_sub(1),
            Token::Name(name) if depth == 1 && matches!(before, Some(Token::Op("(" | ","))) => out.push(*name),
            _ => {}
        }
        before = Some(*token);
    }
    out
}
