//! Calls of tools: any model writes them, because a grammar makes it.
//!
//! The conversation tells the model its tools (through its template, or in a system message), and how a call is spelt. Where it
//! must call, the grammar holds from the first token; where it may, the answer is free until the words that begin a call.

use kinora_formats::{CallPart, ToolDialect};
use serde_json::{Value, json};

use super::event::ChatEvent;
use super::keywords;
use super::request::{Message, Role, Tool, ToolChoice};
use crate::{EngineError, constrain::compact, error::Result};

/// Calls in one answer at most.
const MAX_CALLS: usize = 16;

/// What the model is told where its template does not tell it.
pub(crate) fn instructions(tools: &[Value], dialect: &ToolDialect) -> String {
    let list: Vec<String> = tools.iter().map(Value::to_string).collect();
    let example = format!("{}{}{}", dialect.begin, dialect.write("<name>", "<arguments>", "<id>"), dialect.end);
    format!(
        "You may call functions to assist with the user query. The functions are:\n<tools>\n{}\n</tools>\n\
         To call one, answer with its name and arguments:\n{example}",
        list.join("\n")
    )
}

/// A tool as templates take it.
pub(crate) fn as_json(tool: &Tool) -> Value {
    let mut function = json!({ "name": tool.name });
    if let Some(map) = function.as_object_mut() {
        if let Some(description) = &tool.description {
            map.insert("description".into(), json!(description));
        }
        map.insert("parameters".into(), tool.parameters.clone());
    }
    json!({ "type": "function", "function": function })
}

/// A turn as templates take it.
pub(crate) fn message_json(message: &Message, arguments_as_text: bool) -> Value {
    let mut turn = json!({ "role": message.role.name(), "content": message.content });
    let Some(map) = turn.as_object_mut() else { return turn };
    if let Some(name) = &message.name {
        map.insert("name".into(), json!(name));
    }
    if let Some(id) = &message.tool_call_id {
        map.insert("tool_call_id".into(), json!(id));
    }
    if !message.tool_calls.is_empty() {
        let call = |call: &super::request::ToolCall| {
            // most templates print an object, whatever spelling it came in
            let text = || json!(call.arguments);
            let arguments = if arguments_as_text {
                text()
            } else {
                serde_json::from_str(&call.arguments).unwrap_or_else(|_| text())
            };
            json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": arguments } })
        };
        map.insert("tool_calls".into(), message.tool_calls.iter().map(call).collect());
    }
    turn
}

/// Changes every text in a value, names of fields too.
pub(crate) fn each_text(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(all) => all.iter_mut().for_each(|one| each_text(one, change)),
        Value::Object(map) => {
            let fields = std::mem::take(map);
            map.extend(fields.into_iter().map(|(name, mut value)| {
                each_text(&mut value, change);
                (change(&name), value)
            }));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A turn in words, for a template that knows no tools.
pub(crate) fn message_in_words(message: &Message, safe: impl Fn(&str) -> String, dialect: &ToolDialect) -> Value {
    let content = safe(&message.content);
    let spelt = |c: &super::request::ToolCall| {
        let arguments = if writes_keywords(dialect) { keywords::spelt(&c.arguments) } else { c.arguments.clone() };
        dialect.write(&safe(&c.name), &safe(&arguments), &c.id)
    };
    let calls: Vec<String> = message.tool_calls.iter().map(spelt).collect();
    let calls = match calls.is_empty() {
        true => String::new(),
        false => [&dialect.begin, &calls.join(dialect.between.as_deref().unwrap_or("\n")), &dialect.end]
            .map(String::as_str)
            .concat(),
    };
    match message.role {
        Role::Tool => json!({ "role": "user", "content": format!("<tool_response>\n{content}\n</tool_response>") }),
        role if content.is_empty() || calls.is_empty() => json!({ "role": role.name(), "content": content + &calls }),
        role => json!({ "role": role.name(), "content": format!("{content}\n{calls}") }),
    }
}

fn writes_keywords(dialect: &ToolDialect) -> bool {
    dialect.call.contains(&CallPart::Keywords)
}

/// Which tools may be called, and whether one must.
pub(crate) fn callable<'a>(tools: &'a [Tool], choice: &ToolChoice) -> Result<(Vec<&'a Tool>, bool)> {
    let find = |name: &str| {
        tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
            EngineError::invalid_request("chat", format!("tool_choice names {name}, which is none of the tools"))
        })
    };
    Ok(match choice {
        ToolChoice::None => (Vec::new(), false),
        ToolChoice::Auto => (tools.iter().collect(), false),
        ToolChoice::Required if tools.is_empty() => {
            return Err(EngineError::invalid_request("chat", "tool_choice asks for a call, and there are no tools"));
        }
        ToolChoice::Required => (tools.iter().collect(), true),
        ToolChoice::Named(name) => (vec![find(name)?], true),
        ToolChoice::Allowed { names, required } => {
            (names.iter().map(|name| find(name)).collect::<Result<_>>()?, *required)
        }
    })
}

/// All that a call of any tool begins with.
pub(crate) fn opening(dialect: &ToolDialect) -> String {
    let first =
        dialect.call.iter().map_while(|part| if let CallPart::Text(text) = part { Some(text.as_str()) } else { None });
    std::iter::once(dialect.begin.as_str()).chain(first).collect()
}

/// The words at which a free answer becomes a call: up to the first bracket, unless nothing stands before it.
pub(crate) fn trigger(dialect: &ToolDialect) -> String {
    let opening = opening(dialect);
    let mark = opening.find(['{', '[']).filter(|at| *at > 0);
    // a mark in brackets, such as [TOOL_CALLS], is a word
    let named = opening.strip_prefix('[').and_then(|rest| rest.find(']')).map(|end| end + 2).filter(|end| *end > 3);
    let end = named.or(mark).unwrap_or(opening.len());
    opening.get(..end).unwrap_or_default().to_string()
}

/// The grammar of calls. `begun`: so much of the text that opens the first has been written.
pub(crate) fn grammar(tools: &[&Tool], dialect: &ToolDialect, parallel: bool, begun: &str) -> Result<String> {
    let text = |text: &str| if text.is_empty() { String::new() } else { Value::String(text.to_string()).to_string() };
    let calls = |rule: &str| -> String {
        let names: Vec<String> = (0..tools.len()).map(|i| format!("{rule}_{i}")).collect();
        names.join(" | ")
    };
    let more = match dialect.between.as_deref().filter(|_| parallel) {
        Some(between) => format!("({} call){{0,{}}}", text(between), MAX_CALLS - 1),
        None => String::new(),
    };
    let mut lark =
        format!("start: first {more} {}\nfirst: {}\ncall: {}\n", text(&dialect.end), calls("first"), calls("call"));
    for (i, tool) in tools.iter().enumerate() {
        let mut schema = tool.parameters.clone();
        if let Some(map) = schema.as_object_mut() {
            map.entry("type").or_insert_with(|| json!("object"));
        }
        let refused = |e: EngineError| {
            EngineError::invalid_request("chat", format!("the parameters of the tool {}: {}", tool.name, e.message))
        };
        let args = format!("args_{i}");
        let (args, rules) = if writes_keywords(dialect) {
            match keywords::grammar(&args, &schema).map_err(refused)? {
                Some(rules) if keywords::may_be_empty(&schema) => (format!("({args})?"), rules),
                Some(rules) => (args, rules),
                None => Default::default(),
            }
        } else {
            compact(&mut schema).map_err(refused)?;
            let rule = format!("{args}: %json {schema}\n");
            (args, rule)
        };
        let part = |part: &CallPart| match part {
            CallPart::Text(t) => text(t),
            CallPart::Name => text(&tool.name),
            CallPart::Arguments | CallPart::Keywords => args.clone(),
            CallPart::Id => "/[a-zA-Z0-9]{9}/".to_string(),
        };
        let rest: Vec<String> = dialect.call.iter().map(part).collect();
        let of_text = dialect.call.iter().take_while(|p| matches!(p, CallPart::Text(_))).count();
        let opening = opening(dialect);
        let first = opening.get(begun.len()..).map(text).unwrap_or_default();
        let tail = rest.get(of_text..).unwrap_or_default().join(" ");
        lark.push_str(&format!("first_{i}: {first} {tail}\ncall_{i}: {}\n{rules}", rest.join(" ")));
    }
    Ok(lark)
}

/// Reads calls out of the text that the grammar makes, piece by piece.
pub(crate) struct CallReader {
    dialect: ToolDialect,
    text: String,
    /// The part of a call that comes next.
    part: usize,
    nesting: Nesting,
    name: String,
    id: Option<String>,
    calls: usize,
    seed: u64,
}

/// Where in a JSON value the text is.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
    begun: bool,
    /// Whether the call was told.
    told: bool,
}

impl Nesting {
    /// Whether the value ends with this character.
    fn ends(&mut self, c: char) -> bool {
        if self.in_string {
            match c {
                _ if self.escaped => self.escaped = false,
                '\\' => self.escaped = true,
                '"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match c {
            '"' => self.in_string = true,
            '{' | '[' => {
                self.depth += 1;
                self.begun = true;
            }
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.begun && self.depth == 0
    }
}

impl CallReader {
    /// A reader behind the first `begun` of what opens a call; `seed` makes ids where the dialect has none.
    pub fn new(dialect: &ToolDialect, begun: &str, seed: u64) -> Self {
        let (id, name) = (None, String::new());
        let mut reader = Self {
            dialect: dialect.clone(),
            text: String::new(),
            part: 0,
            nesting: Nesting::default(),
            name,
            id,
            calls: 0,
            seed,
        };
        reader.text.push_str(begun);
        reader
    }

    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Takes in more text; what became known goes to `events`.
    pub fn push(&mut self, more: &str, events: &mut Vec<ChatEvent>) {
        self.text.push_str(more);
        while self.step(events).is_some() {}
    }

    /// Reads the next part, if it is all there.
    fn step(&mut self, events: &mut Vec<ChatEvent>) -> Option<()> {
        let part = self.dialect.call.get(self.part).cloned();
        match part {
            None => {
                self.part = 0;
                (self.name, self.id, self.nesting) = (String::new(), None, Nesting::default());
                return Some(());
            }
            // whatever stands before it: the beginning, what is between calls
            Some(CallPart::Text(text)) => {
                let end = self.text.find(&text)? + text.len();
                self.text.drain(..end);
            }
            Some(CallPart::Name) => {
                let Some(CallPart::Text(next)) = self.dialect.call.get(self.part + 1) else { return None };
                let end = self.text.find(next.as_str())?;
                let name: String = self.text.drain(..end).collect();
                // where a call begins with its name, it stands behind the beginning, or what is between calls
                let before = match self.calls {
                    _ if self.part > 0 => None,
                    0 => Some(self.dialect.begin.as_str()),
                    _ => self.dialect.between.as_deref(),
                };
                self.name = before.and_then(|before| name.strip_prefix(before)).unwrap_or(&name).to_string();
            }
            Some(CallPart::Id) => {
                self.text.get(..9)?;
                self.id = Some(self.text.drain(..9).collect());
            }
            Some(CallPart::Keywords) => {
                self.tell(events);
                // all at once: the first of them says nothing about JSON
                let mut ending = keywords::Ending::default();
                let end = self.text.find(|c| ending.is(c))?;
                let text: String = self.text.drain(..end).collect();
                let text = keywords::read(&text).map_or(text, |arguments| arguments.to_string());
                events.push(ChatEvent::ToolArguments { index: self.calls - 1, text });
            }
            Some(CallPart::Arguments) => {
                self.tell(events);
                let nesting = &mut self.nesting;
                let end = self.text.char_indices().find(|(_, c)| nesting.ends(*c)).map(|(at, c)| at + c.len_utf8());
                let text: String = self.text.drain(..end.unwrap_or(self.text.len())).collect();
                if !text.is_empty() {
                    events.push(ChatEvent::ToolArguments { index: self.calls - 1, text });
                }
                end?;
            }
        }
        self.part += 1;
        Some(())
    }

    /// Tells a call once its name is known.
    fn tell(&mut self, events: &mut Vec<ChatEvent>) {
        if self.nesting.told {
            return;
        }
        self.nesting.told = true;
        let own = format!("call_{:08x}{:02x}", self.seed as u32, self.calls);
        let (id, name) = (self.id.take().unwrap_or(own), std::mem::take(&mut self.name));
        events.push(ChatEvent::ToolCall { index: self.calls, id, name });
        self.calls += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LiquidAI LFM2.
    fn lfm2() -> ToolDialect {
        let text = |s: &str| CallPart::Text(s.into());
        ToolDialect {
            begin: "<|tool_call_start|>[".into(),
            call: vec![CallPart::Name, text("("), CallPart::Keywords, text(")")],
            between: Some(", ".into()),
            end: "]<|tool_call_end|>".into(),
        }
    }

    #[test]
    fn calls_are_read_however_the_text_is_cut() {
        let hermes = "<tool_call>\n{\"name\": \"a\", \"arguments\": {\"x\":\"}\\\"{\",\"y\":[1]}}\n</tool_call>\n<tool_call>\n\
                      {\"name\": \"b\", \"arguments\": {}}\n</tool_call>";
        let python = "<|tool_call_start|>[a(x=\"}\\\"{\", y=[1]), b()]<|tool_call_end|>";
        for (dialect, text) in [(ToolDialect::default(), hermes), (lfm2(), python)] {
            for size in 1..20 {
                let mut reader = CallReader::new(&dialect, "", 7);
                let mut events = Vec::new();
                let chars: Vec<char> = text.chars().collect();
                for piece in chars.chunks(size) {
                    reader.push(&piece.iter().collect::<String>(), &mut events);
                }
                let (mut names, mut arguments) = (Vec::new(), vec![String::new(); 2]);
                for event in events {
                    match event {
                        ChatEvent::ToolCall { name, .. } => names.push(name),
                        ChatEvent::ToolArguments { index, text } => arguments[index].push_str(&text),
                        other => panic!("{other:?}"),
                    }
                }
                assert_eq!(names, ["a", "b"]);
                assert_eq!(arguments, ["{\"x\":\"}\\\"{\",\"y\":[1]}", "{}"]);
            }
        }
    }

    #[test]
    fn an_answer_becomes_a_call_at_a_mark() {
        let text = |s: &str| CallPart::Text(s.into());
        let of = |begin: &str, first: &str| ToolDialect {
            begin: begin.into(),
            call: vec![text(first), CallPart::Name, text("\", \"parameters\": "), CallPart::Arguments, text("}")],
            between: None,
            end: String::new(),
        };
        for (dialect, mark) in [
            (ToolDialect::default(), "<tool_call>\n"),
            (of("", "{\"name\": \""), "{\"name\": \""),
            (of("[TOOL_CALLS][", "{\"name\": \""), "[TOOL_CALLS]"),
            (of("<|python_tag|>", "{\"name\": \""), "<|python_tag|>"),
            (lfm2(), "<|tool_call_start|>"),
        ] {
            assert_eq!(trigger(&dialect), mark);
        }
    }
}
