//! A response in the making, whole or as its events.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value, json};

use super::output::Output;
use super::store::{Kept, Store};
use crate::chat::{ChatEvent, FinishReason, Message, Usage};
use crate::openai::common;
use crate::openai::error::{ApiError, Result};
use crate::openai::exchange::{Answer, Step, StreamEvent};
use crate::openai::series::Series;
use crate::openai::service::Stamp;

/// What the request fixed.
pub(super) struct Head {
    /// The response without its status, output and usage.
    pub shell: Value,
    pub stamp: Stamp,
    pub seed: u64,
    /// The conversation without the instructions.
    pub said: Vec<Message>,
    /// Where it is kept.
    pub store: Option<Rc<RefCell<Store>>>,
}

/// The answer in the making.
pub(in crate::openai) struct ResponseAnswer {
    series: Series,
    head: Head,
    output: Output,
    stream: bool,
    begun: bool,
    over: bool,
    /// Events sent so far.
    sent: u64,
    response: Value,
}

impl ResponseAnswer {
    pub(super) fn new(series: Series, head: Head, output: Output, stream: bool) -> Self {
        Self { series, head, output, stream, begun: false, over: false, sent: 0, response: Value::Null }
    }

    fn response(&self, status: &str) -> Value {
        let mut response = self.head.shell.clone();
        response["status"] = status.into();
        response["error"] = Value::Null;
        response["incomplete_details"] = Value::Null;
        response["output"] = self.output.items().into();
        response["usage"] = Value::Null;
        response
    }

    fn take(&mut self, event: ChatEvent) -> Vec<StreamEvent> {
        match event {
            ChatEvent::Delta { text, logprobs } => self.output.text(&text, logprobs.as_deref()),
            ChatEvent::ToolCall { id, name, .. } => self.output.call(id, name),
            ChatEvent::ToolArguments { text, .. } => self.output.arguments(&text),
            ChatEvent::Done { finish_reason, usage, device, precision } => self.done(
                finish_reason,
                &usage,
                common::report(device, precision, &usage, self.head.seed, self.head.stamp.elapsed()),
            ),
        }
    }

    fn done(&mut self, reason: FinishReason, usage: &Usage, report: Value) -> Vec<StreamEvent> {
        let cut = reason == FinishReason::Length;
        let (status, name) =
            if cut { ("incomplete", "response.incomplete") } else { ("completed", "response.completed") };
        let mut events = self.output.close(status);
        let mut response = self.response(status);
        if cut {
            response["incomplete_details"] = json!({ "reason": "max_output_tokens" });
        }
        response["usage"] = json!({
            "input_tokens": usage.prompt_tokens,
            "input_tokens_details": { "cached_tokens": usage.cached_tokens },
            "output_tokens": usage.completion_tokens,
            "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        });
        response["kinora"] = report;
        self.keep(&response);
        events.push(StreamEvent { name: Some(name), data: json!({ "type": name, "response": response }) });
        self.response = response;
        events
    }

    fn keep(&self, response: &Value) {
        let Some(store) = &self.head.store else { return };
        let (text, tool_calls) = self.output.said();
        let mut messages = self.head.said.clone();
        messages.push(Message { tool_calls, ..Message::assistant(text) });
        let id = response["id"].as_str().unwrap_or_default().to_string();
        store.borrow_mut().keep(Kept { id, response: response.clone(), messages });
    }

    fn failed(&mut self, e: &ApiError) -> Vec<StreamEvent> {
        let mut events = self.output.close("incomplete");
        let mut response = self.response("failed");
        response["error"] = json!({ "code": e.code, "message": e.message });
        let data = json!({ "type": "response.failed", "response": response });
        events.push(StreamEvent { name: Some("response.failed"), data });
        self.over = true;
        events
    }

    fn numbered(&mut self, mut events: Vec<StreamEvent>) -> Step {
        for event in &mut events {
            event.data["sequence_number"] = self.sent.into();
            self.sent += 1;
        }
        Step::Events(events)
    }
}

impl Answer for ResponseAnswer {
    async fn step(&mut self) -> Result<Step> {
        if self.stream && !self.begun {
            self.begun = true;
            let response = self.response("in_progress");
            let event = |name: &'static str| StreamEvent {
                name: Some(name),
                data: json!({ "type": name, "response": response }),
            };
            let events = ["response.created", "response.in_progress"].map(event).into();
            return Ok(self.numbered(events));
        }
        if self.over {
            return Ok(Step::End);
        }
        match self.series.next().await {
            Ok(Some((_, event))) => {
                let events = self.take(event);
                Ok(if self.stream { self.numbered(events) } else { Step::Working })
            }
            Ok(None) if self.stream => Ok(Step::End),
            Ok(None) => Ok(Step::Whole(std::mem::take(&mut self.response))),
            // A stream has begun: the failure is its last event
            Err(e) if self.stream => {
                let events = self.failed(&e);
                Ok(self.numbered(events))
            }
            Err(e) => Err(e),
        }
    }
}
