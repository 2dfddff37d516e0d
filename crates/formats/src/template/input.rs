//! What a chat template is given: a conversation, tools, and what else the caller knows.

use std::collections::BTreeMap;

use minijinja::value::{Serde, Value};
use serde_json::{Map, Value as Json};

/// One turn of a conversation that is text alone.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
}

impl Message {
    /// A message of `role`.
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

impl From<&Message> for Json {
    fn from(message: &Message) -> Self {
        serde_json::json!({ "role": message.role, "content": message.content })
    }
}

/// A conversation as Hugging Face's `apply_chat_template` takes it. Objects keep the order of their keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenderInput {
    /// Objects with `role`, and `content` (text, or parts `{"type": "text", "text": …}`, `{"type": "image"}`),
    /// `tool_calls`, `tool_call_id`, `name`, `reasoning_content`.
    pub messages: Vec<Json>,
    /// `{"type": "function", "function": {"name", "description", "parameters"}}`; empty: the template sees `none`.
    pub tools: Vec<Json>,
    /// The prompt ends with the beginning of the assistant's turn.
    pub add_generation_prompt: bool,
    /// Further variables, for example `enable_thinking` or `documents`. They do not replace the ones above.
    pub kwargs: Map<String, Json>,
}

impl RenderInput {
    /// A conversation of plain text, with the beginning of the assistant's turn at its end.
    pub fn chat(messages: &[Message]) -> Self {
        let messages = messages.iter().map(Json::from).collect();
        Self { messages, add_generation_prompt: true, ..Self::default() }
    }

    /// Bytes of all that the template sees, about as JSON counts.
    pub(super) fn size(&self) -> u64 {
        let lists = self.messages.iter().chain(&self.tools).map(size);
        lists.chain(self.kwargs.values().map(size)).fold(0, u64::saturating_add)
    }

    pub(super) fn context(&self, bos: &str, eos: &str) -> Value {
        let mut all: BTreeMap<&str, Value> =
            self.kwargs.iter().map(|(name, value)| (name.as_str(), Value::from(Serde(value)))).collect();
        // HF gives `none` for both where there are none; templates ask `is not none`, `is defined` or neither
        all.entry("documents").or_insert(Value::from(()));
        let tools = if self.tools.is_empty() { Value::from(()) } else { Value::from(Serde(&self.tools)) };
        all.insert("tools", tools);
        let messages: Vec<Json> = self.messages.iter().map(alias_reasoning).collect();
        all.insert("messages", Value::from(Serde(&messages)));
        all.insert("add_generation_prompt", self.add_generation_prompt.into());
        all.insert("bos_token", bos.into());
        all.insert("eos_token", eos.into());
        Value::from(all)
    }
}

/// As HF: thoughts are under `reasoning_content` whatever the caller calls them, and under `thinking`.
fn alias_reasoning(message: &Json) -> Json {
    let given = ["reasoning_content", "thinking", "reasoning"].iter().filter_map(|key| message.get(key));
    let reasoning = given.into_iter().find(|value| !value.is_null()).cloned();
    let mut message = message.clone();
    if let (Some(reasoning), Some(map)) = (reasoning, message.as_object_mut()) {
        map.entry("thinking").or_insert_with(|| reasoning.clone());
        map.insert("reasoning_content".into(), reasoning);
    }
    message
}

fn size(value: &Json) -> u64 {
    const OWN: u64 = 8;
    let inside = match value {
        Json::String(text) => text.len() as u64,
        Json::Array(list) => list.iter().map(size).fold(0, u64::saturating_add),
        Json::Object(map) => {
            map.iter().map(|(key, value)| size(value).saturating_add(key.len() as u64)).fold(0, u64::saturating_add)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
    };
    inside.saturating_add(OWN)
}
