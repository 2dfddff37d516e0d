//! From what the endpoints ask to what the engine does; what it cannot do is refused by the name of the field.

use kinora_tensor::Abort;
use serde_json::json;

use super::ask::{
    ChatEvent, ChatRequest, CompletionRequest, ContextPolicy, Embedding, ModelInfo, Prompt, ResponseFormat, Role,
    Sampling, Usage,
};
use super::error::{ApiError, Result};
use crate::{Engine, chat};

/// The name of the engine's text model.
const TEXT: &str = "kinora-text";

/// The loaded text models.
pub(super) fn models(engine: &Engine) -> Vec<ModelInfo> {
    match engine.context() {
        0 => Vec::new(),
        context => vec![ModelInfo { name: TEXT.into(), default: true, context, embedding: None }],
    }
}

/// Takes a model out of memory.
///
/// # Errors
/// `unsupported` for a model that the engine needs.
pub(super) fn remove(_: &Engine, name: &str) -> Result<()> {
    Err(ApiError::new(400, "unsupported", format!("{name} belongs to the engine and cannot be removed.")))
}

/// Opens an answer.
///
/// # Errors
/// `unsupported_parameter` for what the engine cannot do, and what it refuses.
pub(super) fn chat(engine: &Engine, r: ChatRequest) -> Result<ChatStream> {
    if !r.tools.is_empty() {
        return cannot("tools");
    }
    if r.logprobs.is_some() {
        return cannot("logprobs");
    }
    if r.context != ContextPolicy::Refuse {
        return cannot("kinora.context");
    }
    if r.speculation.is_some() {
        return cannot("kinora.speculation");
    }
    if !r.template.is_empty() {
        return cannot("kinora.template");
    }
    let messages = r.messages.into_iter().map(|m| {
        let role = match m.role {
            Role::System => chat::Role::System,
            Role::User => chat::Role::User,
            Role::Assistant => chat::Role::Assistant,
            Role::Tool => return cannot("messages"),
        };
        Ok(chat::Message { role, content: m.content })
    });
    let base = chat::ChatRequest::default();
    let s = only_known(r.sampling)?;
    let request = chat::ChatRequest {
        messages: messages.collect::<Result<_>>()?,
        max_tokens: r.max_tokens.unwrap_or(base.max_tokens),
        temperature: s.temperature,
        top_p: s.top_p,
        top_k: s.top_k,
        min_p: s.min_p,
        repetition_penalty: s.repetition_penalty,
        seed: r.seed,
        stop: r.stop,
        json_schema: match r.format {
            ResponseFormat::Text => None,
            ResponseFormat::JsonObject => Some(json!({ "type": "object" })),
            ResponseFormat::JsonSchema(schema) => Some(schema),
            ResponseFormat::Regex(_) => return cannot("kinora.regex"),
            ResponseFormat::Choice(_) => return cannot("kinora.choice"),
            ResponseFormat::Lark(_) | ResponseFormat::Gbnf(_) => return cannot("kinora.grammar"),
        },
        abort: r.abort,
    };
    Ok(ChatStream(engine.chat(request)?))
}

/// Opens a completion.
///
/// # Errors
/// As [`chat`].
pub(super) fn complete(_: &Engine, _: CompletionRequest) -> Result<ChatStream> {
    cannot("prompt")
}

/// The vector of a text.
///
/// # Errors
/// `unsupported_parameter` where the model makes none.
pub(super) async fn embed(_: &Engine, _: &str, _: Prompt, _: &Abort) -> Result<Embedding> {
    cannot("model")
}

fn only_known(s: Sampling) -> Result<Sampling> {
    let none = Sampling::default();
    let unknown = [
        ("frequency_penalty", s.frequency_penalty != none.frequency_penalty),
        ("presence_penalty", s.presence_penalty != none.presence_penalty),
        ("logit_bias", s.logit_bias != none.logit_bias),
        ("kinora.typical_p", s.typical_p != none.typical_p),
        ("kinora.xtc", s.xtc.is_some()),
        ("kinora.dry", s.dry.is_some()),
        ("kinora.mirostat", s.mirostat.is_some()),
    ];
    match unknown.into_iter().find(|(_, asked)| *asked) {
        Some((name, _)) => cannot(name),
        None => Ok(s),
    }
}

fn cannot<T>(param: &str) -> Result<T> {
    Err(ApiError::unsupported(param, format!("{param} asks for what the loaded model cannot do. Leave it out.")))
}

/// An answer in the making.
pub(super) struct ChatStream(chat::ChatStream);

impl ChatStream {
    /// The next event; none after the last.
    ///
    /// # Errors
    /// What the engine met.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>> {
        Ok(self.0.next().await?.map(|event| match event {
            chat::ChatEvent::Delta { text } => ChatEvent::Delta { text, logprobs: None },
            chat::ChatEvent::Done { finish_reason, usage } => ChatEvent::Done {
                finish_reason,
                device: usage.device,
                precision: None,
                usage: Usage {
                    prompt_tokens: usage.prompt_tokens,
                    cached_tokens: usage.cached_tokens,
                    completion_tokens: usage.completion_tokens,
                    accepted_draft_tokens: 0,
                },
            },
        }))
    }
}
