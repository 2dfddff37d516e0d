//! What a template can do, found by rendering small conversations with it.

use serde_json::{Value, json};

use super::{ChatTemplate, RenderInput};

/// The name and the argument of the tool in the conversations below, and an id that Mistral's templates accept.
const NAMES: [&str; 2] = ["probe_alpha", "probe_beta"];
const IDS: [&str; 2] = ["idprobe01", "idprobe02"];
const KEY: &str = "probe_key";
const VALUES: [&str; 2] = ["probe one", "probe two"];
const SAID: &str = "probe said this";

/// What a template does with more than text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFeatures {
    /// The variable in which it wants the tools, where it tells the model about them: `tools`, or another one of
    /// [`RenderInput::kwargs`] (SmolLM3: `xml_tools`, Granite 3: `available_tools`).
    pub tools: Option<&'static str>,
    /// How the model calls tools; [`ToolDialect::default`] where the template does not show it.
    pub calls: ToolDialect,
    /// Whether `calls` was found in the template (or is known from its marks) and is not the default.
    pub calls_known: bool,
    /// It prints the calls of earlier turns; where it does not, they have to be part of the turn's content.
    pub prints_calls: bool,
    /// `tool_calls[].function.arguments` has to be JSON text, as OpenAI writes it, and not an object.
    pub arguments_as_text: bool,
    /// It listens to `enable_thinking`.
    pub thinking_switch: bool,
    /// The model may think before it answers, between `<think>` and `</think>`.
    pub thinking: bool,
    /// It accepts a system message.
    pub system: bool,
    /// It accepts content in parts.
    pub parts: bool,
}

/// How a model spells calls of tools: `begin`, then calls with `between` between them, then `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolDialect {
    /// Before the first call.
    pub begin: String,
    /// One call.
    pub call: Vec<CallPart>,
    /// Between two calls of a turn; `None` where the template allows one call a turn.
    pub between: Option<String>,
    /// Behind the last call, before the turn ends.
    pub end: String,
}

/// A part of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallPart {
    /// Always the same.
    Text(String),
    /// The tool's name, as it is.
    Name,
    /// The arguments, a JSON object.
    Arguments,
    /// The arguments as Python writes them, `city='Oslo', days=2` (LFM2).
    Keywords,
    /// Nine letters and digits that name the call (Mistral).
    Id,
}

impl Default for ToolDialect {
    /// Hermes, which most small models know: `<tool_call>\n{"name": …, "arguments": …}\n</tool_call>`.
    fn default() -> Self {
        Self::json("<tool_call>\n", "\n", "\n</tool_call>", false)
    }
}

impl ToolDialect {
    /// Calls as JSON objects, each in its own pair of marks or (`list`) all in one list.
    fn json(begin: &str, between: &str, end: &str, list: bool) -> Self {
        let text = |s: &str| CallPart::Text(s.to_owned());
        let object = ["{\"name\": \"", "\", \"arguments\": ", "}"];
        let [open, middle, close] = object;
        let (first, last) = if list { (String::new(), String::new()) } else { (begin.to_owned(), end.to_owned()) };
        Self {
            begin: if list { begin.to_owned() } else { String::new() },
            call: vec![
                CallPart::Text(first + open),
                CallPart::Name,
                text(middle),
                CallPart::Arguments,
                CallPart::Text(close.to_owned() + &last),
            ],
            between: Some(between.to_owned()),
            end: if list { end.to_owned() } else { String::new() },
        }
    }

    /// A call as the model would write it; `id` where the dialect has one.
    pub fn write(&self, name: &str, arguments: &str, id: &str) -> String {
        let part = |part: &CallPart| match part {
            CallPart::Text(text) => text.clone(),
            CallPart::Name => name.to_owned(),
            CallPart::Arguments | CallPart::Keywords => arguments.to_owned(),
            CallPart::Id => id.to_owned(),
        };
        self.call.iter().map(part).collect()
    }

    /// The two calls of the conversations below.
    fn rebuild_both(&self) -> Option<String> {
        let keywords = self.call.contains(&CallPart::Keywords);
        let call = |i: usize| {
            let value = VALUES.get(i)?;
            let arguments = if keywords { format!("{KEY}='{value}'") } else { as_json(value) };
            Some(self.write(NAMES.get(i)?, &arguments, IDS.get(i)?))
        };
        Some([self.begin.clone(), call(0)?, self.between.clone()?, call(1)?, self.end.clone()].concat())
    }
}

/// Templates that list tools and leave calls to the model's training, by a mark in their source.
fn known(source: &str) -> Option<ToolDialect> {
    if source.contains("<|tool_list_start|>") || source.contains("List of tools: ") {
        // LiquidAI LFM2, model card
        return Some(ToolDialect {
            begin: "<|tool_call_start|>[".into(),
            call: vec![CallPart::Name, CallPart::Text("(".into()), CallPart::Keywords, CallPart::Text(")".into())],
            between: Some(", ".into()),
            end: "]<|tool_call_end|>".into(),
        });
    }
    // IBM Granite 3.x: "write <|tool_call|> followed by a JSON list of tools used"
    source.contains("<|tool_call|>").then(|| ToolDialect::json("<|tool_call|>[", ", ", "]", true))
}

impl ChatTemplate {
    /// What this template does with tools, thoughts, parts and system messages. Renders some ten short conversations.
    pub fn features(&self) -> TemplateFeatures {
        // Some templates fail without a clock
        self.clone().with_now(self.now.unwrap_or_default()).probe()
    }

    fn probe(&self) -> TemplateFeatures {
        let calls = |n: usize| calls(n, false);
        let as_text = self.turn(calls(1)).is_none() && self.turn(self::calls(1, true)).is_some();
        let calls = |n: usize| if as_text { self::calls(n, true) } else { calls(n) };
        let found = self.find_dialect(calls(1), calls(2));
        let prints_calls = found.is_some();
        let found = found.or_else(|| known(&self.source));
        let ask = || vec![json!({"role": "user", "content": "hi"})];
        let plain = self.text(ask(), &[], json!({}));
        let switched = |on: bool| self.text(ask(), &[], json!({"enable_thinking": on}));
        let system = self.text([vec![json!({"role": "system", "content": SAID})], ask()].concat(), &[], json!({}));
        let parts = json!({"role": "user", "content": [{"type": "text", "text": SAID}]});
        let has = |text: Option<String>, what: &str| text.is_some_and(|text| text.contains(what));
        TemplateFeatures {
            tools: ["tools", "xml_tools", "available_tools"].into_iter().find(|name| match *name {
                "tools" => has(self.text(ask(), &[tool(0)], json!({})), NAMES[0]),
                other => has(self.text(ask(), &[], json!({other: [tool(0)]})), NAMES[0]),
            }),
            calls_known: found.is_some(),
            prints_calls,
            calls: found.unwrap_or_default(),
            arguments_as_text: as_text,
            thinking_switch: switched(true) != switched(false),
            thinking: self.source.contains("</think>"),
            system: plain.is_some() && has(system, SAID),
            // A template that prints the list as Python would is no template for parts
            parts: has(self.text(vec![parts], &[], json!({})).filter(|t| !t.contains("'type'")), SAID),
        }
    }

    fn text(&self, messages: Vec<Value>, tools: &[Value], kwargs: Value) -> Option<String> {
        let kwargs = kwargs.as_object().cloned().unwrap_or_default();
        let input = RenderInput { messages, tools: tools.to_vec(), add_generation_prompt: true, kwargs };
        self.render(&input).ok()
    }

    /// What the assistant wrote when it sent `message`, with the end of its turn.
    fn turn(&self, message: Value) -> Option<String> {
        let ask = json!({"role": "user", "content": "hi"});
        let render = |messages: Vec<Value>, add_generation_prompt| {
            let input =
                RenderInput { messages, tools: vec![tool(0), tool(1)], add_generation_prompt, ..<_>::default() };
            self.render(&input).ok()
        };
        let before = render(vec![ask.clone()], false)?;
        let whole = render(vec![ask, message], false)?;
        let same = before.bytes().zip(whole.bytes()).take_while(|(a, b)| a == b).count();
        let start = (0..=same).rev().find(|i| whole.is_char_boundary(*i))?;
        whole.get(start..).map(str::to_owned)
    }

    /// Takes one and two calls apart by what is known of them.
    fn find_dialect(&self, one: Value, two: Value) -> Option<ToolDialect> {
        let said = self.turn(json!({"role": "assistant", "content": SAID}))?;
        let (head, tail) = said.split_once(SAID)?;
        let one = self.turn(one)?;
        let spans = Spans::find(&one, 0, 0)?;
        // What a turn begins and ends with belongs to the turn
        let before = one.get(..spans.first)?;
        let before = before.strip_prefix(common_prefix(before, head)).unwrap_or(before);
        let after = one.get(spans.last..)?;
        let after = after.strip_suffix(common_suffix(after, tail)).unwrap_or(after);
        let inner = spans.parts(&one);
        let pair = self.turn(two).and_then(|text| {
            let a = Spans::find(&text, 0, 0)?;
            let b = Spans::find(&text, 1, a.last)?;
            Some((text.get(a.last..b.first)?.to_owned(), text))
        });
        let Some((gap, pair_text)) = pair else {
            return Some(dialect(before, inner, after));
        };
        // `after` of one call, `between`, `before` of the next: what stands on both sides of the gap belongs to the call
        let end = common_prefix(&gap, after);
        let rest = gap.get(end.len()..)?;
        let begin = common_suffix(rest, before);
        let between = rest.get(..rest.len().saturating_sub(begin.len()))?;
        let mut call = inner.clone();
        call.insert(0, CallPart::Text(begin.to_owned()));
        call.push(CallPart::Text(end.to_owned()));
        let found = ToolDialect {
            begin: before.get(..before.len().saturating_sub(begin.len()))?.to_owned(),
            call: joined(call),
            between: Some(between.to_owned()),
            end: after.get(end.len()..)?.to_owned(),
        };
        // Where calls are numbered, only the first one is spelt as found
        let number = |text: &str| text.ends_with(|c: char| c.is_ascii_digit());
        let numbered = number(&found.begin) && number(between);
        let same = !numbered && found.rebuild_both().is_some_and(|text| pair_text.contains(&text));
        Some(if same { found } else { dialect(before, inner, after) })
    }
}

/// One call a turn.
fn dialect(before: &str, mut call: Vec<CallPart>, after: &str) -> ToolDialect {
    call.insert(0, CallPart::Text(before.to_owned()));
    call.push(CallPart::Text(after.to_owned()));
    ToolDialect { begin: String::new(), call: joined(call), between: None, end: String::new() }
}

/// Neighbouring texts as one, without empty ones.
fn joined(parts: Vec<CallPart>) -> Vec<CallPart> {
    let mut out: Vec<CallPart> = Vec::new();
    for part in parts {
        match (out.last_mut(), part) {
            (_, CallPart::Text(text)) if text.is_empty() => {}
            (Some(CallPart::Text(all)), CallPart::Text(text)) => all.push_str(&text),
            (_, part) => out.push(part),
        }
    }
    out
}

/// Where the parts of one call stand in a text.
struct Spans {
    parts: Vec<(usize, usize, CallPart)>,
    first: usize,
    last: usize,
}

impl Spans {
    /// Call number `i`, from byte `from` on.
    fn find(text: &str, i: usize, from: usize) -> Option<Self> {
        let (name, id, value) = (NAMES.get(i)?, IDS.get(i)?, VALUES.get(i)?);
        let at = |what: &str| text.get(from..)?.find(what).map(|at| at.saturating_add(from));
        let name_at = at(name)?;
        let value_at = at(value)?;
        // Other templates name the tool a second time behind its arguments, or spell arguments without JSON
        let (start, kind) = if let Some(start) = text.get(..value_at)?.rfind('{').filter(|s| *s > name_at) {
            (start, CallPart::Arguments)
        } else {
            (text.get(..value_at)?.rfind(KEY).filter(|s| *s > name_at)?, CallPart::Keywords)
        };
        let spelt = match kind {
            CallPart::Arguments => as_json(value),
            _ => format!("{KEY}='{value}'"),
        };
        // JSON may be spaced in another way, then it is not cut exactly: what the model writes is checked against a schema
        let end = if text.get(start..)?.starts_with(&spelt) {
            start.saturating_add(spelt.len())
        } else if kind == CallPart::Arguments {
            let end = text.get(start..)?.find('}')?.saturating_add(start).saturating_add(1);
            serde_json::from_str::<Value>(text.get(start..end)?).ok().filter(|v| v.get(KEY).is_some())?;
            end
        } else {
            return None;
        };
        let mut parts = vec![(name_at, name_at.saturating_add(name.len()), CallPart::Name), (start, end, kind)];
        if let Some(at) = at(id) {
            parts.push((at, at.saturating_add(id.len()), CallPart::Id));
        }
        parts.sort_by_key(|part| part.0);
        Some(Self { first: parts.first()?.0, last: parts.last()?.1, parts })
    }

    fn parts(self, text: &str) -> Vec<CallPart> {
        let mut out = Vec::new();
        let mut at = self.first;
        for (start, end, part) in self.parts {
            out.push(CallPart::Text(text.get(at..start).unwrap_or_default().to_owned()));
            out.push(part);
            at = end;
        }
        out
    }
}

/// What both begin with, without half a mark `<…>` at its end.
fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let len = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
    let same = a.get(..len.fold(0, usize::saturating_add)).unwrap_or_default();
    match (same.rfind('<'), same.rfind('>')) {
        (Some(open), close) if close.is_none_or(|close| close < open) => same.get(..open).unwrap_or_default(),
        _ => same,
    }
}

/// What both end with, without half a mark `<…>` at its beginning.
fn common_suffix<'a>(a: &'a str, b: &str) -> &'a str {
    let len = a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
    let same = a.get(a.len().saturating_sub(len.fold(0, usize::saturating_add))..).unwrap_or_default();
    match (same.find('<'), same.find('>')) {
        (open, Some(close)) if open.is_none_or(|open| close < open) => {
            same.get(close.saturating_add(1)..).unwrap_or_default()
        }
        _ => same,
    }
}

fn as_json(value: &str) -> String {
    format!("{{\"{KEY}\": \"{value}\"}}")
}

fn tool(i: usize) -> Value {
    let parameters = json!({"type": "object", "properties": {KEY: {"type": "string", "description": "d"}}});
    json!({"type": "function", "function": {"name": NAMES.get(i), "description": "d", "parameters": parameters}})
}

/// A turn with `n` calls.
fn calls(n: usize, as_text: bool) -> Value {
    let call = |((name, id), value): ((&&str, &&str), &&str)| {
        let arguments = json!({KEY: value});
        let arguments = if as_text { Value::from(as_json(value)) } else { arguments };
        json!({"type": "function", "id": id, "function": {"name": name, "arguments": arguments}})
    };
    let calls: Vec<Value> = NAMES.iter().zip(&IDS).zip(&VALUES).take(n).map(call).collect();
    json!({"role": "assistant", "content": "", "tool_calls": calls})
}
