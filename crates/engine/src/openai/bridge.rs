//! temporary: today's engine behind the coming types

use super::ask::*;
use crate::error::Result;
use crate::{Engine, EngineError, chat};
use kinora_tensor::Abort;

pub(crate) struct ChatStream(chat::ChatStream);

impl ChatStream {
    pub async fn next(&mut self) -> Result<Option<ChatEvent>> {
        Ok(self.0.next().await?.map(|e| match e {
            chat::ChatEvent::Delta { text } => ChatEvent::Delta { text, logprobs: None },
            chat::ChatEvent::Done { finish_reason, usage } => ChatEvent::Done {
                finish_reason,
                device: usage.device,
                precision: String::new(),
                ms: 0,
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

fn cannot<T>(what: &str) -> Result<T> {
    Err(EngineError::new("unsupported", "chat", format!("{what} is not offered")))
}

pub(crate) trait Coming {
    fn models(&self) -> Vec<ModelInfo>;
    fn ask(&self, r: ChatRequest) -> Result<ChatStream>;
    fn complete(&self, r: CompletionRequest) -> Result<ChatStream>;
    async fn embed(&self, model: &str, input: Prompt, abort: &Abort) -> Result<Embedding>;
    fn remove_model(&self, name: &str) -> Result<()>;
}

impl Coming for Engine {
    fn models(&self) -> Vec<ModelInfo> {
        let info = |(name, about, bytes): (String, crate::TextSummary, u64)| ModelInfo {
            default: name == crate::EMBEDDED,
            name,
            architecture: about.architecture,
            quantization: about.quantisation.to_string(),
            parameters: about.parameters,
            context: about.context as usize,
            bytes,
            embedding: None,
        };
        self.text_models().into_iter().map(info).collect()
    }
    fn ask(&self, r: ChatRequest) -> Result<ChatStream> {
        if !r.tools.is_empty() {
            return cannot("tools");
        }
        let json_schema = match r.format {
            ResponseFormat::Text => None,
            ResponseFormat::JsonSchema(s) => Some(s),
            ResponseFormat::JsonObject => Some(serde_json::json!({"type": "object"})),
            _ => return cannot("this format"),
        };
        let messages = r.messages.into_iter().map(|m| chat::Message { role: m.role, content: m.content }).collect();
        let s = r.sampling;
        Ok(ChatStream(self.chat(chat::ChatRequest {
            model: r.model,
            messages,
            max_tokens: r.max_tokens.unwrap_or(512),
            temperature: s.temperature,
            top_p: s.top_p,
            top_k: s.top_k,
            min_p: s.min_p,
            repetition_penalty: s.repetition_penalty,
            seed: r.seed,
            stop: r.stop,
            json_schema,
            abort: r.abort,
        })?))
    }
    fn complete(&self, r: CompletionRequest) -> Result<ChatStream> {
        let Prompt::Text(text) = r.prompt else { return cannot("tokens") };
        self.ask(ChatRequest {
            messages: vec![Message::user(text)],
            max_tokens: r.max_tokens,
            sampling: r.sampling,
            seed: r.seed,
            stop: r.stop,
            abort: r.abort,
            ..Default::default()
        })
    }
    async fn embed(&self, _: &str, _: Prompt, _: &Abort) -> Result<Embedding> {
        cannot("embed")
    }
    fn remove_model(&self, name: &str) -> Result<()> {
        if name == crate::EMBEDDED {
            return cannot("removing the embedded model");
        }
        self.remove_text_model(name);
        Ok(())
    }
}
