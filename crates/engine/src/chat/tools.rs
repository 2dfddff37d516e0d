//! Calls of tools: any model writes them, because a grammar makes it.
//!
//! The conversation tells the model its tools (through its template, or in a system message), and how a call is spelt. Where it
//! must call, the grammar holds from the first token; where it may, the answer is free until the words that begin a call.

use serde_json::{Value, json};

use super::event::ChatEvent;
use super::request::{Message, Tool, ToolChoice};
use crate::{EngineError, constrain::compact, error::Result};

/// Calls in one answer at most.
const MAX_CALLS: usize = 16;

/// How a model spells a call: `open {"name": "…", "arguments": {…}} close`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// What begins a call.
    pub open: &'static str,
    /// What ends it.
    pub close: &'static str,
    /// What stands between two of them.
    pub between: &'static str,
    /// The key of the arguments.
    pub arguments: &'static str,
}

/// Hermes, Qwen and most who were trained on either; also taught to a model whose template knows no tools.
pub(crate) const HERMES: Dialect =
    Dialect { open: "<tool_call>\n", close: "\n</tool_call>", between: "\n", arguments: "arguments" };

/// What the model is told where its template does not tell it.
pub(crate) fn instructions(tools: &[Tool], dialect: Dialect) -> String {
    let list: Vec<String> = tools.iter().map(|tool| as_json(tool).to_string()).collect();
    let Dialect { open, close, arguments, .. } = dialect;
    format!(
        "You may call functions to assist with the user query. The functions are:\n<tools>\n{}\n</tools>\n\
         To call one, answer with its name and arguments:\n{open}{{\"name\": <name>, \"{arguments}\": <arguments>}}{close}",
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

/// A turn in words, for a template that knows no tools.
pub(crate) fn message_text(message: &Message, dialect: Dialect) -> String {
    let Dialect { open, close, between, arguments } = dialect;
    let calls: Vec<String> = message
        .tool_calls
        .iter()
        .map(|c| format!("{open}{{\"name\": {}, \"{arguments}\": {}}}{close}", json!(c.name), c.arguments))
        .collect();
    match (message.content.is_empty(), calls.is_empty()) {
        (_, true) => message.content.clone(),
        (true, false) => calls.join(between),
        (false, false) => format!("{}\n{}", message.content, calls.join(between)),
    }
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

/// The grammar of calls. `begun`: the text that opens the first has been written.
pub(crate) fn grammar(tools: &[&Tool], dialect: Dialect, parallel: bool, begun: bool) -> Result<String> {
    let text = |text: &str| Value::String(text.to_string()).to_string();
    let Dialect { open, close, between, arguments } = dialect;
    let more = if parallel {
        format!("({} call){{0,{}}}", text(&format!("{between}{open}")), MAX_CALLS - 1)
    } else {
        String::new()
    };
    let first = if begun { String::new() } else { text(open) };
    let alternatives: Vec<String> = (0..tools.len()).map(|i| format!("call_{i}")).collect();
    let mut lark = format!("start: {first} call {more}\ncall: {}\n", alternatives.join(" | "));
    for (i, tool) in tools.iter().enumerate() {
        let mut schema = tool.parameters.clone();
        if let Some(map) = schema.as_object_mut() {
            map.entry("type").or_insert_with(|| json!("object"));
        }
        compact(&mut schema).map_err(|e| {
            EngineError::invalid_request("chat", format!("the parameters of the tool {}: {}", tool.name, e.message))
        })?;
        let head = text(&format!("{{\"name\": {}, \"{arguments}\": ", json!(tool.name)));
        lark.push_str(&format!(
            "call_{i}: {head} args_{i} {}\nargs_{i}: %json {schema}\n",
            text(&format!("}}{close}"))
        ));
    }
    Ok(lark)
}

/// Reads calls out of the text that the grammar makes, piece by piece.
pub(crate) struct CallReader {
    dialect: Dialect,
    text: String,
    state: State,
    calls: usize,
    seed: u64,
}

enum State {
    /// Before a name.
    Before,
    Arguments(Nesting),
}

/// Where in a JSON value the text is.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
    begun: bool,
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
    /// A reader at the beginning of the first call's object or of what opens it; `seed` makes ids.
    pub fn new(dialect: Dialect, seed: u64) -> Self {
        Self { dialect, text: String::new(), state: State::Before, calls: 0, seed }
    }

    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Takes in more text; what became known goes to `events`.
    pub fn push(&mut self, more: &str, events: &mut Vec<ChatEvent>) {
        self.text.push_str(more);
        loop {
            match &mut self.state {
                State::Before => {
                    let head = format!("\", \"{}\": ", self.dialect.arguments);
                    let Some(end) = self.text.find(&head) else { return };
                    let name = self.text.get(..end).and_then(|t| t.split("{\"name\": \"").nth(1)).unwrap_or_default();
                    let id = format!("call_{:08x}{:02x}", self.seed as u32, self.calls);
                    events.push(ChatEvent::ToolCall { index: self.calls, id, name: name.to_string() });
                    self.calls += 1;
                    self.text.drain(..end + head.len());
                    self.state = State::Arguments(Nesting::default());
                }
                State::Arguments(nesting) => {
                    let end = self.text.char_indices().find(|(_, c)| nesting.ends(*c)).map(|(at, c)| at + c.len_utf8());
                    let text: String = self.text.drain(..end.unwrap_or(self.text.len())).collect();
                    if !text.is_empty() {
                        events.push(ChatEvent::ToolArguments { index: self.calls - 1, text });
                    }
                    if end.is_none() {
                        return;
                    }
                    self.state = State::Before;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_however_the_text_is_cut() {
        let text = "{\"name\": \"a\", \"arguments\": {\"x\":\"}\\\"{\",\"y\":[1]}}\n</tool_call>\n<tool_call>\n{\"name\": \"b\", \
                    \"arguments\": {}}\n</tool_call>";
        for size in 1..20 {
            let mut reader = CallReader::new(HERMES, 7);
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
