//! The output of a response as it grows: its items, and the events that tell of them.

use serde_json::{Value, json};

use crate::chat::{TokenLogprob, ToolCall};
use crate::openai::chat::logprobs;
use crate::openai::exchange::StreamEvent;

/// What is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Message,
    Call,
}

/// Items so far, the last perhaps unfinished.
pub(super) struct Output {
    id: String,
    items: Vec<Value>,
    open: Open,
    calls: Vec<ToolCall>,
    max_calls: usize,
    /// Whether the call that arrives is one too many, and dropped.
    dropping: bool,
    logprobs: bool,
}

/// A named event; the sequence number is added when it is sent.
fn event(name: &'static str, mut data: Value) -> StreamEvent {
    data["type"] = name.into();
    StreamEvent { name: Some(name), data }
}

impl Output {
    /// `id`: of the response, from which those of its items are made.
    pub fn new(id: &str, max_calls: Option<usize>, logprobs: bool) -> Self {
        let max_calls = max_calls.unwrap_or(usize::MAX);
        Self {
            id: id.into(),
            items: Vec::new(),
            open: Open::Nothing,
            calls: Vec::new(),
            max_calls,
            dropping: false,
            logprobs,
        }
    }

    /// Text of the message that is being written; begins one where there is none.
    pub fn text(&mut self, text: &str, tokens: Option<&[TokenLogprob]>) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        if self.open != Open::Message {
            events.extend(self.close("completed"));
            let id = format!("msg_{}_{}", self.id, self.items.len());
            let item =
                json!({ "id": id, "type": "message", "role": "assistant", "status": "in_progress", "content": [] });
            events.push(self.add(item, Open::Message));
            let part = self.part("");
            events.push(event("response.content_part.added", self.at(json!({ "content_index": 0, "part": part }))));
            if let Some(item) = self.items.last_mut() {
                item["content"] = json!([part]);
            }
        }
        let told = logprobs(tokens.unwrap_or_default());
        if let Some(part) = self.items.last_mut().map(|item| &mut item["content"][0]) {
            if let Value::String(all) = &mut part["text"] {
                all.push_str(text);
            }
            if let Some(all) = part.get_mut("logprobs").and_then(Value::as_array_mut) {
                all.extend(told.iter().cloned());
            }
        }
        let delta = json!({ "content_index": 0, "delta": text, "logprobs": told });
        events.push(event("response.output_text.delta", self.at(delta)));
        events
    }

    /// A call begins.
    pub fn call(&mut self, id: String, name: String) -> Vec<StreamEvent> {
        self.dropping = self.calls.len() >= self.max_calls;
        if self.dropping {
            return Vec::new();
        }
        let mut events = self.close("completed");
        let item = json!({ "id": format!("fc_{}_{}", self.id, self.items.len()), "type": "function_call", "call_id": id,
            "name": name, "arguments": "", "status": "in_progress" });
        events.push(self.add(item, Open::Call));
        self.calls.push(ToolCall { id, name, arguments: String::new() });
        events
    }

    /// More of the call's arguments.
    pub fn arguments(&mut self, text: &str) -> Vec<StreamEvent> {
        if self.dropping {
            return Vec::new();
        }
        if let Some(call) = self.calls.last_mut() {
            call.arguments.push_str(text);
        }
        if let Some(Value::String(all)) = self.items.last_mut().map(|item| &mut item["arguments"]) {
            all.push_str(text);
        }
        vec![event("response.function_call_arguments.delta", self.at(json!({ "delta": text })))]
    }

    /// Ends the item that is being written.
    pub fn close(&mut self, status: &str) -> Vec<StreamEvent> {
        let open = std::mem::replace(&mut self.open, Open::Nothing);
        let Some(item) = self.items.last_mut().filter(|_| open != Open::Nothing) else { return Vec::new() };
        item["status"] = status.into();
        let item = item.clone();
        let mut events = Vec::new();
        if open == Open::Message {
            let part = item["content"][0].clone();
            let done = json!({ "content_index": 0, "text": part["text"], "logprobs": part["logprobs"].as_array().cloned().unwrap_or_default() });
            events.push(event("response.output_text.done", self.at(done)));
            events.push(event("response.content_part.done", self.at(json!({ "content_index": 0, "part": part }))));
        } else {
            let done = json!({ "name": item["name"], "arguments": item["arguments"] });
            events.push(event("response.function_call_arguments.done", self.at(done)));
        }
        let index = self.items.len() - 1;
        events.push(event("response.output_item.done", json!({ "output_index": index, "item": item })));
        events
    }

    /// The items, as `output` of the response.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// What was said, for the conversation to go on with.
    pub fn said(&self) -> (String, Vec<ToolCall>) {
        let texts = self.items.iter().filter_map(|item| item["content"][0]["text"].as_str());
        (texts.collect(), self.calls.clone())
    }

    fn part(&self, text: &str) -> Value {
        let mut part = json!({ "type": "output_text", "text": text, "annotations": [] });
        if self.logprobs {
            part["logprobs"] = json!([]);
        }
        part
    }

    fn add(&mut self, item: Value, open: Open) -> StreamEvent {
        self.open = open;
        let added = json!({ "output_index": self.items.len(), "item": item });
        self.items.push(item);
        event("response.output_item.added", added)
    }

    /// `data` with which item it is about.
    fn at(&self, mut data: Value) -> Value {
        data["item_id"] = self.items.last().map(|item| item["id"].clone()).unwrap_or_default();
        data["output_index"] = self.items.len().saturating_sub(1).into();
        data
    }
}
