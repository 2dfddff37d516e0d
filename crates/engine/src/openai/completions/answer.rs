//! Completions and their chunks.

use serde_json::{Map, Value, json};

use crate::chat::{ChatEvent, FinishReason, TokenLogprob, Usage};
use crate::openai::common;
use crate::openai::error::Result;
use crate::openai::exchange::{Answer, Step, StreamEvent};
use crate::openai::series::Series;
use crate::openai::service::Stamp;

/// What all chunks of an answer repeat.
pub(super) struct Head {
    pub stamp: Stamp,
    pub model: String,
    pub seed: u64,
    pub usage: bool,
    /// Answers to each prompt.
    pub per_prompt: usize,
}

#[derive(Default)]
struct Choice {
    text: String,
    logprobs: Option<Logprobs>,
    finish: Option<FinishReason>,
}

/// The old form of logprobs: lists of one length.
#[derive(Default)]
struct Logprobs {
    tokens: Vec<Value>,
    logprobs: Vec<Value>,
    top: Vec<Value>,
    offsets: Vec<usize>,
}

impl Logprobs {
    /// `offset`: where the text of these tokens begins, in characters.
    fn add(&mut self, tokens: &[TokenLogprob], mut offset: usize) {
        for t in tokens {
            let text = String::from_utf8_lossy(&t.bytes);
            let top = t.top.iter().map(|(bytes, p)| (String::from_utf8_lossy(bytes).into_owned(), common::logprob(*p)));
            self.top.push(Value::Object(top.collect::<Map<_, _>>()));
            self.logprobs.push(common::logprob(t.logprob));
            self.offsets.push(offset);
            offset += text.chars().count();
            self.tokens.push(text.into());
        }
    }

    fn json(&self) -> Value {
        json!({ "tokens": self.tokens, "token_logprobs": self.logprobs, "top_logprobs": self.top,
            "text_offset": self.offsets })
    }
}

/// The answer in the making.
pub(in crate::openai) struct CompletionAnswer {
    series: Series,
    head: Head,
    stream: bool,
    choices: Vec<Choice>,
    usages: Vec<Usage>,
    report: Value,
    over: bool,
}

impl CompletionAnswer {
    pub(super) fn new(series: Series, head: Head, stream: bool) -> Self {
        Self { series, head, stream, choices: Vec::new(), usages: Vec::new(), report: Value::Null, over: false }
    }

    /// Takes in an event; in a stream, gives its chunk.
    fn take(&mut self, index: usize, event: ChatEvent) -> Option<Value> {
        if self.choices.len() <= index {
            self.choices.resize_with(index + 1, Choice::default);
        }
        let choice = self.choices.get_mut(index)?;
        let mut delta = String::new();
        let mut told = Value::Null;
        match event {
            ChatEvent::Delta { text, logprobs } => {
                if let Some(tokens) = logprobs {
                    let offset = choice.text.chars().count();
                    let mut now = Logprobs::default();
                    now.add(&tokens, offset);
                    told = now.json();
                    choice.logprobs.get_or_insert_default().add(&tokens, offset);
                }
                choice.text.push_str(&text);
                delta = text;
            }
            ChatEvent::Done { finish_reason, usage, device, precision } => {
                choice.finish = Some(finish_reason);
                self.report = common::report(device, precision, &usage, self.head.seed, self.head.stamp.elapsed());
                self.usages.push(usage);
            }
            // Only chats have tools
            ChatEvent::ToolCall { .. } | ChatEvent::ToolArguments { .. } => return None,
        }
        if !self.stream {
            return None;
        }
        let finish = choice.finish;
        let mut chunk = self.base();
        chunk["choices"] = json!([{ "index": index, "text": delta, "logprobs": told, "finish_reason": finish }]);
        if finish.is_some() {
            chunk["kinora"] = self.report.clone();
        }
        Some(chunk)
    }

    fn base(&self) -> Value {
        let Stamp { id, created, .. } = &self.head.stamp;
        json!({ "id": format!("cmpl-{id}"), "object": "text_completion", "created": created, "model": self.head.model,
            "system_fingerprint": common::FINGERPRINT })
    }

    /// Usage of all answers: each prompt counts once.
    fn usage(&self) -> Value {
        let groups = self.usages.chunks(self.head.per_prompt.max(1)).map(common::usage);
        groups.reduce(|a, b| common::sum(&a, &b)).unwrap_or_default()
    }

    fn whole(&self) -> Value {
        let choice = |(index, c): (usize, &Choice)| {
            let logprobs = c.logprobs.as_ref().map(Logprobs::json);
            json!({ "index": index, "text": c.text, "logprobs": logprobs, "finish_reason": c.finish })
        };
        let mut body = self.base();
        body["choices"] = self.choices.iter().enumerate().map(choice).collect();
        body["usage"] = self.usage();
        body["kinora"] = self.report.clone();
        body
    }
}

impl Answer for CompletionAnswer {
    async fn step(&mut self) -> Result<Step> {
        match self.series.next().await? {
            Some((index, event)) => match self.take(index, event) {
                Some(chunk) => Ok(Step::Events(vec![StreamEvent::plain(chunk)])),
                None => Ok(Step::Working),
            },
            None if !self.stream => Ok(Step::Whole(self.whole())),
            None if self.head.usage && !self.over => {
                self.over = true;
                let mut chunk = self.base();
                chunk["choices"] = json!([]);
                chunk["usage"] = self.usage();
                Ok(Step::Events(vec![StreamEvent::plain(chunk)]))
            }
            None => Ok(Step::End),
        }
    }
}
