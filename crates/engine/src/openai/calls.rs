//! Calls of tools on any model: a grammar lets it write nothing else than text and calls whose arguments follow the tool's
//! schema, in the spelling `<tool_call>{"name":…,"arguments":…}</tool_call>` (Hermes, Qwen); what it writes is taken apart again.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ask::{ChatEvent, Message, Role, Tool, ToolCall, ToolChoice};
use crate::chat;

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";

/// Which tools may be called, and whether text may come first.
pub(super) struct Calls {
    names: Vec<String>,
    required: bool,
    parallel: bool,
}

impl Calls {
    /// `None` where nothing may be called.
    pub fn of(tools: &[Tool], choice: &ToolChoice, parallel: bool) -> Option<Self> {
        let all = || tools.iter().map(|t| t.name.clone()).collect();
        let (names, required): (Vec<String>, bool) = match choice {
            ToolChoice::None => return None,
            ToolChoice::Auto => (all(), false),
            ToolChoice::Required => (all(), true),
            ToolChoice::Named(name) => (vec![name.clone()], true),
            ToolChoice::Allowed { names, required } => (names.clone(), *required),
        };
        (!names.is_empty()).then_some(Self { names, required, parallel })
    }

    /// The grammar of the answer, in llguidance's dialect of Lark.
    pub fn grammar(&self, tools: &[Tool]) -> String {
        let more = if self.parallel { format!(" (\"{OPEN}\" call)*") } else { String::new() };
        let mut lark = match self.required {
            true => format!("start: \"{OPEN}\" call{more}\n"),
            // Text up to the first call, or text without any
            false => format!(
                "start: before call{more} | TEXT\nbefore[suffix=\"{OPEN}\"]: /(.|\\n)*/\n\
                 TEXT: /(.|\\n)*/ & ~/(.|\\n)*{OPEN}(.|\\n)*/\n"
            ),
        };
        let named: Vec<&Tool> = tools.iter().filter(|t| self.names.contains(&t.name)).collect();
        let kinds: Vec<String> = (0..named.len()).map(|i| format!("call_{i}")).collect();
        let _ = writeln!(lark, "call: {}", kinds.join(" | ")); // a String takes all
        for (i, tool) in named.into_iter().enumerate() {
            let head = quoted(&format!("{{\"name\":{},\"arguments\":", json!(tool.name)));
            let tail = quoted(&format!("}}{CLOSE}"));
            let mut schema = tool.parameters.clone();
            schema["x-guidance"] = json!({ "item_separator": ",", "key_separator": ":", "whitespace_flexible": false });
            let _ = writeln!(lark, "call_{i}: {head} args_{i} {tail}\nargs_{i}: %json {schema}");
        }
        lark
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The grammar of one of these texts.
pub(super) fn choice_grammar(choice: &[String]) -> String {
    let texts: Vec<String> = choice.iter().map(|text| quoted(text)).collect();
    format!("start: {}\n", texts.join(" | "))
}

/// The grammar of what matches an expression.
pub(super) fn regex_grammar(regex: &str) -> String {
    // A slash ends the expression in this dialect
    let mut escaped = String::with_capacity(regex.len());
    let mut backslash = false;
    for c in regex.chars() {
        match c {
            '/' if !backslash => escaped.push_str("\\/"),
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
        backslash = c == '\\' && !backslash;
    }
    format!("start: /{escaped}/\n")
}

/// Messages as a model reads them that knows no tools but by their description: the system message lists them, calls and
/// results are spelt out.
pub(super) fn spelt_out(messages: Vec<Message>, tools: &[Tool]) -> Vec<chat::Message> {
    let mut turns: Vec<chat::Message> = Vec::new();
    for m in messages {
        let turn = match m.role {
            Role::System => chat::Message::system(m.content),
            Role::User => chat::Message::user(m.content),
            Role::Assistant => {
                chat::Message::assistant(m.tool_calls.iter().fold(m.content, |text, call| text + &spelt(call)))
            }
            Role::Tool => chat::Message::user(format!("<tool_response>{}</tool_response>", m.content)),
        };
        turns.push(turn);
    }
    if tools.is_empty() {
        return turns;
    }
    let mut text = "You may call functions. These are given:\n<tools>\n".to_string();
    for Tool { name, description, parameters } in tools {
        let function = json!({ "name": name, "description": description, "parameters": parameters });
        let _ = writeln!(text, "{}", json!({ "type": "function", "function": function })); // a String takes all
    }
    text += "</tools>\nA call is written so: <tool_call>{\"name\":\"…\",\"arguments\":{…}}</tool_call>";
    match turns.first_mut().filter(|m| m.role == chat::Role::System) {
        Some(system) => system.content = format!("{}\n\n{text}", system.content),
        None => turns.insert(0, chat::Message::system(text)),
    }
    turns
}

fn spelt(call: &ToolCall) -> String {
    format!("{OPEN}{{\"name\":{},\"arguments\":{}}}{CLOSE}", json!(call.name), call.arguments)
}

/// Tells text from calls while they are written.
pub(super) struct Splitter {
    held: String,
    state: State,
    calls: usize,
    seed: u64,
}

enum State {
    Text,
    /// Within a call, before its arguments.
    Head,
    /// Within the arguments.
    Arguments(Scan),
    /// Behind the arguments, up to the end of the call.
    Tail,
}

/// Where in a JSON value the text is.
#[derive(Default)]
struct Scan {
    depth: usize,
    string: bool,
    escape: bool,
}

impl Scan {
    /// Whether the value ends with `c`; it is an object or an array.
    fn ends(&mut self, c: char) -> bool {
        match c {
            _ if self.escape => self.escape = false,
            '\\' if self.string => self.escape = true,
            '"' => self.string = !self.string,
            _ if self.string => {}
            '{' | '[' => self.depth += 1,
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

impl Splitter {
    /// `seed` makes the ids of the calls.
    pub fn new(seed: u64) -> Self {
        Self { held: String::new(), state: State::Text, calls: 0, seed }
    }

    /// Whether a call was begun.
    pub fn has_called(&self) -> bool {
        self.calls > 0
    }

    /// What the next piece of the answer says.
    pub fn push(&mut self, text: &str) -> Vec<ChatEvent> {
        self.held.push_str(text);
        let mut events = Vec::new();
        while self.advance(&mut events) {}
        events
    }

    /// The text that was held back at the end of the answer.
    pub fn finish(&mut self) -> Vec<ChatEvent> {
        match self.state {
            State::Text => told(std::mem::take(&mut self.held)),
            _ => Vec::new(),
        }
    }

    /// Takes from the front of what is held; false where more must come first.
    fn advance(&mut self, events: &mut Vec<ChatEvent>) -> bool {
        match &mut self.state {
            State::Text => {
                let (end, next) = match self.held.find(OPEN) {
                    Some(at) => (at, Some(at + OPEN.len())),
                    None => (self.held.len() - partial(&self.held, OPEN), None),
                };
                events.extend(told(self.held.get(..end).unwrap_or_default().to_string()));
                self.held.drain(..next.unwrap_or(end));
                if next.is_some() {
                    self.state = State::Head;
                }
                next.is_some()
            }
            State::Head => {
                let Some(rest) = self.held.strip_prefix("{\"name\":") else { return false };
                let Some((name, _)) = rest.split_once(",\"arguments\":") else { return false };
                let end = self.held.len() - rest.len() + name.len() + ",\"arguments\":".len();
                let name = serde_json::from_str(name).unwrap_or_default();
                let id = format!("call_{:x}_{}", self.seed, self.calls);
                events.push(ChatEvent::ToolCall { index: self.calls, id, name });
                self.calls += 1;
                self.held.drain(..end);
                self.state = State::Arguments(Scan::default());
                true
            }
            State::Arguments(scan) => {
                let end = self.held.char_indices().find_map(|(at, c)| scan.ends(c).then_some(at + c.len_utf8()));
                let text: String = self.held.drain(..end.unwrap_or(self.held.len())).collect();
                if !text.is_empty() {
                    events.push(ChatEvent::ToolArguments { index: self.calls.saturating_sub(1), text });
                }
                if end.is_some() {
                    self.state = State::Tail;
                }
                end.is_some()
            }
            State::Tail => {
                let Some(at) = self.held.find(CLOSE) else { return false };
                self.held.drain(..at + CLOSE.len());
                self.state = State::Text;
                true
            }
        }
    }
}

fn told(text: String) -> Vec<ChatEvent> {
    if text.is_empty() { Vec::new() } else { vec![ChatEvent::Delta { text, logprobs: None }] }
}

/// How many bytes at the end of `text` may be the beginning of `marker`.
fn partial(text: &str, marker: &str) -> usize {
    (1..marker.len()).rev().find(|n| marker.get(..*n).is_some_and(|begin| text.ends_with(begin))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, and the calls as (id, name, arguments).
    fn split(text: &str, size: usize) -> (String, Vec<(String, String)>) {
        let (mut splitter, mut content, mut calls) = (Splitter::new(1), String::new(), Vec::new());
        let chars: Vec<char> = text.chars().collect();
        let mut events: Vec<ChatEvent> =
            chars.chunks(size).flat_map(|c| splitter.push(&c.iter().collect::<String>())).collect();
        events.extend(splitter.finish());
        for event in events {
            match event {
                ChatEvent::Delta { text, .. } => content += &text,
                ChatEvent::ToolCall { name, .. } => calls.push((name, String::new())),
                ChatEvent::ToolArguments { index, text } => calls[index].1 += &text,
                ChatEvent::Done { .. } => {}
            }
        }
        (content, calls)
    }

    #[test]
    fn calls_are_told_from_text_however_it_is_cut() {
        let args = r#"{"q":"ü }</tool_call> \" {","n":[1,{"a":2}]}"#;
        let text = format!(
            "I <tool look.{OPEN}{{\"name\":\"find\",\"arguments\":{args}}}{CLOSE}{OPEN}{{\"name\":\"b\",\"arguments\":{{}}}}{CLOSE}"
        );
        for size in 1..text.chars().count() {
            let (content, calls) = split(&text, size);
            assert_eq!(content, "I <tool look.");
            assert_eq!(calls, [("find".into(), args.into()), ("b".to_string(), "{}".to_string())]);
        }
        assert_eq!(split("no call <tool_cal", 3), ("no call <tool_cal".into(), vec![]));
    }

    #[test]
    fn a_slash_in_an_expression_does_not_end_it() {
        assert_eq!(regex_grammar("a/b\\/c"), "start: /a\\/b\\/c/\n");
    }
}
