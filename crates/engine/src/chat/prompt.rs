//! A conversation as tokens: the model's own template, its tools, and texts that stay texts.

use kinora_formats::{RenderInput, ToolDialect};
use serde_json::{Value, json};

use super::model::TextModel;
use super::request::{ChatRequest, ContextPolicy, Message, Role};
use super::tools;
use crate::{EngineError, error::Result};

impl TextModel {
    /// The tokens of a conversation, ending where the assistant's turn begins, and how many of its oldest turns had to be
    /// left out. What messages say stays text: a control token spelt out in them gets a zero-width space, so that nobody can end
    /// their own turn and speak for another.
    ///
    /// # Errors
    /// `invalid_request` when the template refuses the conversation, `context_length_exceeded` with the numbers.
    pub fn prompt(&self, request: &ChatRequest) -> Result<(Vec<u32>, usize)> {
        let mut messages = request.messages.clone();
        let mut dropped = 0;
        loop {
            let tokens = self.tokens(&self.render(&messages, request)?)?;
            match self.check_length(&tokens) {
                Ok(()) => return Ok((tokens, dropped)),
                Err(e) if request.context == ContextPolicy::Refuse || tokens.is_empty() => return Err(e),
                Err(e) => {
                    let oldest = messages.iter().position(|m| m.role != Role::System).unwrap_or(messages.len());
                    // a turn goes with the answers that follow it, and the last of the person's turns stays
                    let next = |m: &Message| m.role == Role::User;
                    let behind = messages.iter().skip(oldest + 1).position(next).map(|n| oldest + 1 + n);
                    let Some(until) = behind else { return Err(e) };
                    dropped += until - oldest;
                    messages.drain(oldest..until);
                }
            }
        }
    }

    /// The conversation as the model was trained to read it: tools in the template's own way, or told in words where it knows
    /// none.
    fn render(&self, messages: &[Message], request: &ChatRequest) -> Result<String> {
        let mut input =
            RenderInput { add_generation_prompt: true, kwargs: request.template.clone(), ..RenderInput::default() };
        let harmless = |mut value: Value| {
            tools::each_text(&mut value, &|text| self.safe(text));
            value
        };
        let tools: Vec<Value> = request.tools.iter().map(tools::as_json).map(harmless).collect();
        match self.features.tools {
            Some("tools") => input.tools.clone_from(&tools),
            Some(name) => drop(input.kwargs.insert(name.to_string(), tools.clone().into())),
            None => {}
        }
        let native = self.features.tools.is_some() || request.tools.is_empty();
        for message in messages {
            let told = native && (message.tool_calls.is_empty() || self.features.prints_calls);
            input.messages.push(match told {
                true => harmless(tools::message_json(message, self.features.arguments_as_text)),
                false => tools::message_in_words(message, |text| self.safe(text), self.dialect()),
            });
        }
        if !native {
            let told = tools::instructions(&tools, self.dialect());
            match input.messages.first_mut().filter(|first| first["role"] == "system") {
                Some(first) => {
                    let text = format!("{}\n\n{told}", first["content"].as_str().unwrap_or_default());
                    first["content"] = text.into();
                }
                None => input.messages.insert(0, json!({ "role": "system", "content": told })),
            }
        }
        self.template.render(&input).map_err(|e| EngineError::invalid_request("chat", e.to_string()))
    }

    /// How the model spells calls of tools.
    pub fn dialect(&self) -> &ToolDialect {
        &self.features.calls
    }

    /// Control tokens that are part of how calls are spelt, with their spelling.
    pub fn spoken(&self) -> Vec<(u32, String)> {
        let dialect = tools::opening(self.dialect());
        let spelling = |id: &u32| Some((*id, std::str::from_utf8(self.tokenizer.token_bytes(*id)).ok()?.to_string()));
        let used = |(_, text): &(u32, String)| !text.is_empty() && dialect.contains(text.as_str());
        self.mute.iter().filter_map(spelling).filter(used).collect()
    }

    /// The text without spelt-out control tokens.
    fn safe(&self, text: &str) -> String {
        let mut text = text.to_string();
        for (spelling, safe) in &self.spellings {
            if text.contains(spelling) {
                text = text.replace(spelling, safe);
            }
        }
        text
    }

    /// The tokens of a text that stands at the beginning; control tokens spelt out in it are those tokens.
    ///
    /// # Errors
    /// `invalid_request` for a text that is too long.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        let refused = |e: kinora_formats::FormatError| EngineError::invalid_request("chat", e.to_string());
        let mut tokens = self.tokenizer.encode(text, true).map_err(refused)?;
        if let Some(bos) = self.tokenizer.bos().filter(|_| self.tokenizer.add_bos())
            && tokens.first() != Some(&bos)
        {
            tokens.insert(0, bos);
        }
        Ok(tokens)
    }

    /// # Errors
    /// `invalid_request` for none, or one that is not in the vocabulary; `context_length_exceeded` with the numbers.
    pub fn check_length(&self, tokens: &[u32]) -> Result<()> {
        if tokens.len() >= self.context {
            let (n, most) = (tokens.len(), self.context - 1);
            let message = format!("the conversation is {n} tokens long, and the text model reads at most {most}");
            let error = EngineError::new("context_length_exceeded", "chat", message);
            return Err(error.hint("Shorten it, or leave out its oldest turns."));
        }
        if tokens.is_empty() {
            return Err(EngineError::invalid_request("chat", "the conversation is empty"));
        }
        let size = self.tokenizer.vocab_size();
        if let Some(id) = tokens.iter().find(|id| **id as usize >= size) {
            let message = format!("{id} is no token: the vocabulary has {size}");
            return Err(EngineError::invalid_request("chat", message));
        }
        Ok(())
    }
}
