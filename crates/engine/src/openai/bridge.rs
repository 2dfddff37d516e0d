//! From what the endpoints ask to what the engine does; what it cannot do is refused by the name of the field.

use std::rc::Rc;

use kinora_tensor::Abort;
use serde_json::json;

use super::ask::{
    ChatEvent, ChatRequest, CompletionRequest, ContextPolicy, Embedding, ModelInfo, Prompt, ResponseFormat, Role,
    Sampling, Usage,
};
use super::error::{ApiError, Result};
use crate::chat::TextModel;
use crate::{EMBEDDED, Engine, EngineError, chat};

/// The loaded text models.
pub(super) fn models(engine: &Engine) -> Vec<ModelInfo> {
    let info = |(name, text): (String, Rc<TextModel>)| ModelInfo {
        default: name == EMBEDDED,
        name,
        context: text.context,
        bytes: text.bytes,
        embedding: Some(text.llama.config().n_embd),
    };
    engine.texts().into_iter().map(info).collect()
}

/// Takes a model out of memory.
///
/// # Errors
/// `unsupported` for a model that the engine needs.
pub(super) fn remove(engine: &Engine, name: &str) -> Result<()> {
    if name == EMBEDDED {
        return Err(ApiError::new(400, "unsupported", format!("{name} belongs to the engine and cannot be removed.")));
    }
    engine.remove_text_model(name);
    Ok(())
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
    let request = drawn(
        r.sampling,
        r.format,
        chat::ChatRequest {
            model: r.model,
            messages: messages.collect::<Result<_>>()?,
            max_tokens: r.max_tokens.unwrap_or(chat::ChatRequest::default().max_tokens),
            seed: r.seed,
            stop: r.stop,
            abort: r.abort,
            ..Default::default()
        },
    )?;
    Ok(ChatStream { echo: None, stream: engine.chat(request)? })
}

/// The request with how its tokens are drawn.
fn drawn(sampling: Sampling, format: ResponseFormat, request: chat::ChatRequest) -> Result<chat::ChatRequest> {
    let s = only_known(sampling)?;
    Ok(chat::ChatRequest {
        temperature: s.temperature,
        top_p: s.top_p,
        top_k: s.top_k,
        min_p: s.min_p,
        repetition_penalty: s.repetition_penalty,
        json_schema: match format {
            ResponseFormat::Text => None,
            ResponseFormat::JsonObject => Some(json!({ "type": "object" })),
            ResponseFormat::JsonSchema(schema) => Some(schema),
            ResponseFormat::Regex(_) => return cannot("kinora.regex"),
            ResponseFormat::Choice(_) => return cannot("kinora.choice"),
            ResponseFormat::Lark(_) | ResponseFormat::Gbnf(_) => return cannot("kinora.grammar"),
        },
        ..request
    })
}

/// Opens a completion.
///
/// # Errors
/// As [`chat`].
pub(super) fn complete(engine: &Engine, r: CompletionRequest) -> Result<ChatStream> {
    if r.logprobs.is_some() {
        return cannot("logprobs");
    }
    if r.speculation.is_some() {
        return cannot("kinora.speculation");
    }
    let model = engine.text(r.model.as_deref())?;
    let tokens = tokens(&model, &r.prompt)?;
    model.check_length(&tokens).map_err(|e| ApiError::from(e).of("prompt"))?;
    let echo = r.echo.then(|| match r.prompt {
        Prompt::Text(text) => text,
        Prompt::Tokens(_) => {
            let bytes: Vec<u8> = tokens.iter().flat_map(|id| model.tokenizer.token_bytes(*id)).copied().collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
    });
    let request = drawn(
        r.sampling,
        r.format,
        chat::ChatRequest {
            model: r.model,
            max_tokens: r.max_tokens.unwrap_or(chat::ChatRequest::default().max_tokens),
            seed: r.seed,
            stop: r.stop,
            abort: r.abort,
            ..Default::default()
        },
    )?;
    Ok(ChatStream { echo, stream: chat::ChatStream::open_raw(engine, request, &tokens)? })
}

fn tokens(model: &TextModel, prompt: &Prompt) -> Result<Vec<u32>> {
    Ok(match prompt {
        Prompt::Text(text) => model.tokens(text)?,
        Prompt::Tokens(tokens) => tokens.clone(),
    })
}

/// The vector of a text: the states of the last layer, pooled as the file says.
///
/// # Errors
/// What the engine met, `context_length_exceeded`, tokens that are none.
pub(super) async fn embed(engine: &Engine, model: &str, input: &Prompt, abort: &Abort) -> Result<Embedding> {
    let model = engine.text(Some(model))?;
    let tokens = tokens(&model, input)?;
    model.check_length(&tokens).map_err(|e| ApiError::from(e).of("input"))?;
    engine.device().turn(abort).await.map_err(EngineError::from)?;
    let vector = model.llama.embed(&tokens).await.map_err(EngineError::from)?;
    engine.device().reset_arena();
    Ok(Embedding { vector, tokens: tokens.len() })
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
pub(super) struct ChatStream {
    /// The prompt, to be told first.
    echo: Option<String>,
    stream: chat::ChatStream,
}

impl ChatStream {
    /// The next event; none after the last.
    ///
    /// # Errors
    /// What the engine met.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>> {
        if let Some(text) = self.echo.take() {
            return Ok(Some(ChatEvent::Delta { text, logprobs: None }));
        }
        Ok(self.stream.next().await?.map(|event| match event {
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
