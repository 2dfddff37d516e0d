//! llama.cpp's grammars (GBNF) in the form that the grammar engine reads (Lark).
//!
//! `root ::= "a" rule* [a-z]{2,3} | (…)` with comments behind `#`. Terminals, groups, alternatives and repetitions are the same
//! in both; names, character classes and the sign between a rule and its body are not.

use std::fmt::Write;

/// The same grammar in Lark, its `root` called `start`.
///
/// # Errors
/// A sentence that says where the grammar is none.
pub(super) fn to_lark(gbnf: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = Reader { text: gbnf, at: 0 };
    let mut has_root = false;
    rest.skip(true);
    while !rest.is_done() {
        let name = rest.name().ok_or_else(|| rest.wrong("a rule's name"))?;
        rest.skip(false);
        if !rest.eat("::=") {
            return Err(rest.wrong("::= behind a rule's name"));
        }
        has_root |= name == "root";
        let _ = write!(out, "{}:", lark_name(name));
        body(&mut rest, &mut out, 0)?;
        out.push('\n');
        rest.skip(true);
    }
    if has_root { Ok(out) } else { Err("the grammar has no rule called root".into()) }
}

/// Deeper groups are no grammar that anybody writes.
const MAX_DEPTH: usize = 64;

/// Alternatives of sequences, up to the end of the rule or group.
fn body(rest: &mut Reader, out: &mut String, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(rest.wrong("at most 64 groups inside each other"));
    }
    let mut empty = true;
    loop {
        // inside a group lines go on; outside, a line that begins a rule ends this one
        rest.skip(depth > 0);
        let before = rest.at;
        if rest.is_done() || (depth > 0 && rest.peek() == Some(')')) {
            break;
        }
        if depth == 0 && rest.peek() == Some('\n') {
            rest.skip(true);
            if rest.is_done() || rest.begins_rule() {
                rest.at = before;
                break;
            }
            continue;
        }
        if rest.eat("|") {
            out.push_str(if empty { " \"\" |" } else { " |" });
            empty = true;
            continue;
        }
        element(rest, out, depth)?;
        repetition(rest, out)?;
        empty = false;
    }
    if empty {
        out.push_str(" \"\"");
    }
    Ok(())
}

fn element(rest: &mut Reader, out: &mut String, depth: usize) -> Result<(), String> {
    out.push(' ');
    match rest.peek() {
        Some('"') => quoted(rest, out),
        Some('[') => class(rest, out),
        Some('(') => {
            rest.eat("(");
            out.push('(');
            body(rest, out, depth + 1)?;
            if !rest.eat(")") {
                return Err(rest.wrong("a closing )"));
            }
            out.push(')');
            Ok(())
        }
        Some('.') => {
            rest.eat(".");
            out.push_str("/(.|\\n)/");
            Ok(())
        }
        _ => match rest.name() {
            Some(name) => {
                out.push_str(&lark_name(name));
                Ok(())
            }
            None => Err(rest.wrong("a rule, a text in quotes, a class in brackets or a group")),
        },
    }
}

/// A text, its escapes spelt as JSON's.
fn quoted(rest: &mut Reader, out: &mut String) -> Result<(), String> {
    rest.eat("\"");
    let mut text = String::new();
    loop {
        match rest.next() {
            Some('"') => break,
            Some('\\') => text.push(rest.escape()?),
            Some('\n') | None => return Err(rest.wrong("a closing quote")),
            Some(c) => text.push(c),
        }
    }
    out.push_str(&serde_json::Value::String(text).to_string());
    Ok(())
}

/// A class, as a regular expression.
fn class(rest: &mut Reader, out: &mut String) -> Result<(), String> {
    rest.eat("[");
    out.push_str("/[");
    if rest.eat("^") {
        out.push('^');
    }
    loop {
        let c = match rest.next() {
            Some(']') => break,
            Some('-') => {
                out.push('-');
                continue;
            }
            Some('\\') => rest.escape()?,
            None => return Err(rest.wrong("a closing ]")),
            Some(c) => c,
        };
        let _ = write!(out, "\\x{{{:x}}}", c as u32);
    }
    out.push_str("]/");
    Ok(())
}

fn repetition(rest: &mut Reader, out: &mut String) -> Result<(), String> {
    match rest.peek() {
        Some(c @ ('*' | '+' | '?')) => {
            rest.next();
            out.push(c);
        }
        Some('{') => {
            let text: String = std::iter::from_fn(|| rest.next().filter(|c| *c != '}')).collect();
            let fits = |c: char| c.is_ascii_digit() || c == ',' || c == '{' || c == ' ';
            if !text.chars().all(fits) || text.len() > 16 {
                return Err(rest.wrong("numbers in braces"));
            }
            let _ = write!(out, "{}}}", text.replace(' ', ""));
        }
        _ => {}
    }
    Ok(())
}

/// Rules are in lower case there, and dashes are none.
fn lark_name(name: &str) -> String {
    if name == "root" { "start".into() } else { format!("r_{}", name.to_lowercase().replace('-', "_")) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        self.at += if found { what.len() } else { 0 };
        found
    }

    /// Spaces and comments, and (`lines`) ends of lines.
    fn skip(&mut self, lines: bool) {
        while let Some(c) = self.peek() {
            match c {
                '#' => {
                    let end = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at += end;
                }
                '\n' if !lines => return,
                c if c.is_whitespace() => self.at += c.len_utf8(),
                _ => return,
            }
        }
    }

    fn name(&mut self) -> Option<&'a str> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let len = self.rest().find(|c| !fits(c)).unwrap_or(self.rest().len());
        let name = self.rest().get(..len).filter(|name| !name.is_empty())?;
        self.at += len;
        Some(name)
    }

    fn begins_rule(&self) -> bool {
        let mut ahead = Reader { text: self.text, at: self.at };
        ahead.name().is_some() && {
            ahead.skip(false);
            ahead.eat("::=")
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, String> {
        let digits = |reader: &mut Self, n: usize| {
            let hex = reader.rest().get(..n).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
            reader.at += if hex.is_some() { n } else { 0 };
            hex.ok_or_else(|| reader.wrong("hexadecimal digits"))
        };
        match self.next() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('x') => digits(self, 2),
            Some('u') => digits(self, 4),
            Some('U') => digits(self, 8),
            Some(c) => Ok(c),
            None => Err(self.wrong("a character behind the backslash")),
        }
    }

    fn wrong(&self, expected: &str) -> String {
        let before = self.text.get(..self.at).unwrap_or_default();
        format!("line {}: expected {expected}", before.matches('\n').count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_become_larks() {
        let gbnf = "# a list\nroot ::= item (\",\" item)*\nitem ::= [a-z0-9]+ | \"-\\n\\\"\" |\n  x-y{2,3}\nx-y ::= [^\\]\\x41]? .";
        let lark = to_lark(gbnf).unwrap();
        assert_eq!(
            lark,
            "start: r_item ( \",\" r_item)*\nr_item: /[\\x{61}-\\x{7a}\\x{30}-\\x{39}]/+ | \"-\\n\\\"\" | r_x_y{2,3}\n\
             r_x_y: /[^\\x{5d}\\x{41}]/? /(.|\\n)/\n"
        );
    }

    #[test]
    fn what_is_none_is_refused_with_its_line() {
        for (gbnf, says) in [
            ("", "root"),
            ("a ::= \"b\"", "root"),
            ("root = \"a\"", "::="),
            ("root ::= \"a", "quote"),
            ("root ::= (\"a\"", ")"),
            ("root ::= [a", "]"),
            ("root ::= %", "rule"),
            ("\nroot ::= \"\\xzz\"", "line 2"),
        ] {
            let error = to_lark(gbnf).unwrap_err();
            assert!(error.contains(says), "{gbnf:?}: {error}");
        }
        let deep = format!("root ::= {}\"a\"{}", "(".repeat(60_000), ")".repeat(60_000));
        assert!(to_lark(&deep).is_err());
    }
}
