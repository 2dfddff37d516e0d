//! Chat completions and their chunks.

use serde_json::{Map, Value, json};

use crate::chat::{ChatEvent, FinishReason, TokenLogprob, Usage};
use crate::openai::common;
use crate::openai::error::Result;
use crate::openai::exchange::{Answer, Step, StreamEvent};
use crate::openai::series::Series;
use crate::openai::service::Stamp;

/// What all chunks of an answer repeat.
pub(in crate::openai) struct Head {
    pub stamp: Stamp,
    pub model: String,
    pub seed: u64,
    /// Whether a stream ends with its usage.
    pub usage: bool,
}

/// One finished or growing choice.
#[derive(Default)]
struct Choice {
    text: String,
    calls: Vec<Value>,
    logprobs: Option<Vec<Value>>,
    finish: Option<FinishReason>,
    /// Whether a chunk went out.
    begun: bool,
}

/// The answer in the making.
pub(in crate::openai) struct ChatAnswer {
    series: Series,
    head: Head,
    stream: bool,
    choices: Vec<Choice>,
    usages: Vec<Usage>,
    report: Value,
    /// Whether the last chunk went out.
    over: bool,
}

impl ChatAnswer {
    pub(super) fn new(series: Series, head: Head, stream: bool) -> Self {
        Self { series, head, stream, choices: Vec::new(), usages: Vec::new(), report: Value::Null, over: false }
    }

    /// Takes in an event; in a stream, gives its chunk.
    fn take(&mut self, index: usize, event: ChatEvent) -> Option<Value> {
        if self.choices.len() <= index {
            self.choices.resize_with(index + 1, Choice::default);
        }
        let choice = self.choices.get_mut(index)?;
        let mut delta = Map::new();
        let mut told = Value::Null;
        if !choice.begun {
            delta.insert("role".into(), "assistant".into());
        }
        match event {
            ChatEvent::Delta { text, logprobs } => {
                if let Some(tokens) = logprobs.map(|l| l.iter().map(token).collect::<Vec<_>>()) {
                    told = logprobs_of(&tokens);
                    choice.logprobs.get_or_insert_default().extend(tokens);
                }
                choice.text.push_str(&text);
                delta.insert("content".into(), text.into());
            }
            ChatEvent::ToolCall { index, id, name } => {
                let function = json!({ "name": name, "arguments": "" });
                let call = json!({ "id": id, "type": "function", "function": function });
                let mut chunk = call.clone();
                chunk["index"] = index.into();
                delta.insert("tool_calls".into(), json!([chunk]));
                choice.calls.push(call);
            }
            ChatEvent::ToolArguments { index, text } => {
                delta.insert("tool_calls".into(), json!([{ "index": index, "function": { "arguments": text } }]));
                if let Some(Value::String(all)) = choice.calls.get_mut(index).map(|c| &mut c["function"]["arguments"]) {
                    all.push_str(&text);
                }
            }
            ChatEvent::Done { finish_reason, usage, device, precision } => {
                choice.finish = Some(finish_reason);
                self.report = common::report(device, precision, &usage, self.head.seed, self.head.stamp.elapsed());
                self.usages.push(usage);
            }
        }
        choice.begun = true;
        if !self.stream {
            return None;
        }
        let finish = choice.finish;
        let mut chunk = self.chunk();
        chunk["choices"] = json!([{ "index": index, "delta": delta, "logprobs": told, "finish_reason": finish }]);
        if finish.is_some() {
            chunk["kinora"] = self.report.clone();
        }
        if self.head.usage {
            chunk["usage"] = Value::Null;
        }
        Some(chunk)
    }

    fn base(&self, object: &str) -> Value {
        let Stamp { id, created, .. } = &self.head.stamp;
        json!({ "id": format!("chatcmpl-{id}"), "object": object, "created": created, "model": self.head.model,
            "system_fingerprint": common::FINGERPRINT })
    }

    fn chunk(&self) -> Value {
        self.base("chat.completion.chunk")
    }

    fn whole(&self) -> Value {
        let choice = |(index, c): (usize, &Choice)| {
            let content = (!c.text.is_empty() || c.calls.is_empty()).then_some(&c.text);
            let mut message = json!({ "role": "assistant", "content": content, "refusal": null });
            if !c.calls.is_empty() {
                message["tool_calls"] = c.calls.clone().into();
            }
            let logprobs = c.logprobs.as_ref().map(|l| logprobs_of(l));
            json!({ "index": index, "message": message, "logprobs": logprobs, "finish_reason": c.finish })
        };
        let mut body = self.base("chat.completion");
        body["choices"] = self.choices.iter().enumerate().map(choice).collect();
        body["usage"] = common::usage(&self.usages);
        body["kinora"] = self.report.clone();
        body
    }
}

impl Answer for ChatAnswer {
    async fn step(&mut self) -> Result<Step> {
        match self.series.next().await? {
            Some((index, event)) => match self.take(index, event) {
                Some(chunk) => Ok(Step::Events(vec![StreamEvent::plain(chunk)])),
                None => Ok(Step::Working),
            },
            None if !self.stream => Ok(Step::Whole(self.whole())),
            None if self.head.usage && !self.over => {
                self.over = true;
                let mut chunk = self.chunk();
                chunk["choices"] = json!([]);
                chunk["usage"] = common::usage(&self.usages);
                Ok(Step::Events(vec![StreamEvent::plain(chunk)]))
            }
            None => Ok(Step::End),
        }
    }
}

/// A token as `logprobs.content` tells it; a piece of a character is known by its bytes.
fn token(t: &TokenLogprob) -> Value {
    let one = |bytes: &[u8], logprob: f32| json!({ "token": String::from_utf8_lossy(bytes), "logprob": common::logprob(logprob), "bytes": bytes });
    let mut token = one(&t.bytes, t.logprob);
    token["top_logprobs"] = t.top.iter().map(|(bytes, logprob)| one(bytes, *logprob)).collect();
    token
}

/// Tokens as responses tell them.
pub(in crate::openai) fn logprobs(tokens: &[TokenLogprob]) -> Vec<Value> {
    tokens.iter().map(token).collect()
}

fn logprobs_of(tokens: &[Value]) -> Value {
    json!({ "content": tokens, "refusal": null })
}
