//! An answer in the making: nothing is computed until it is asked for.

use std::collections::VecDeque;
use std::rc::Rc;

use kinora_formats::Detokenizer;

use super::model::{Memory, TextModel};
use super::request::{ChatEvent, ChatRequest, FinishReason, Usage};
use super::stop::StopFilter;
use crate::{Abort, Engine, EngineError, constrain::Constraint, error::Result, sampling::Sampler};

/// The assistant's turn, event by event. Dropping it stops the work and keeps the cache for the next conversation.
pub struct ChatStream {
    engine: Engine,
    /// Kept to the end of the answer, even where it is taken out of the engine meanwhile.
    model: Rc<TextModel>,
    abort: Abort,
    sampler: Sampler,
    constraint: Option<Constraint>,
    stops: StopFilter,
    detokenizer: Detokenizer,
    /// `None` after an error, when the cache's content is not known.
    memory: Option<Memory>,
    /// Tokens that the network has not read yet.
    pending: Vec<u32>,
    max_tokens: usize,
    usage: Usage,
    queue: VecDeque<ChatEvent>,
    done: bool,
}

impl ChatStream {
    /// Checks the request and makes its tokens; computes nothing.
    ///
    /// # Errors
    /// `invalid_request`, `context_length_exceeded`, `out_of_memory`, `model_missing`.
    pub(crate) fn open(engine: &Engine, request: ChatRequest) -> Result<Self> {
        request.check()?;
        let model = engine.text(request.model.as_deref())?;
        let prompt = model.prompt(&request.messages)?;
        Self::begin(engine, &model, request, &prompt)
    }

    /// As [`Self::open`], with the tokens to go on with in place of messages.
    pub(crate) fn open_raw(engine: &Engine, request: ChatRequest, prompt: &[u32]) -> Result<Self> {
        request.check_all_but_messages()?;
        let model = engine.text(request.model.as_deref())?;
        model.check_length(prompt)?;
        Self::begin(engine, &model, request, prompt)
    }

    fn begin(engine: &Engine, model: &Rc<TextModel>, request: ChatRequest, prompt: &[u32]) -> Result<Self> {
        let constraint =
            request.json_schema.as_ref().map(|schema| model.grammars.json(&model.tokenizer, schema)).transpose()?;
        let memory = model.remember(prompt)?;
        let cached = memory.tokens.len();
        let usage = Usage {
            prompt_tokens: prompt.len(),
            cached_tokens: cached,
            completion_tokens: 0,
            forced_tokens: 0,
            device: engine.device().name(),
        };
        let mut stream = Self {
            engine: engine.clone(),
            model: model.clone(),
            abort: request.abort.clone(),
            sampler: Sampler::new(request.sampling(), request.seed),
            constraint,
            stops: StopFilter::new(request.stop),
            detokenizer: Detokenizer::new(),
            memory: Some(memory),
            pending: prompt.get(cached..).unwrap_or_default().to_vec(),
            max_tokens: request.max_tokens.min(model.context - prompt.len()),
            usage,
            queue: VecDeque::new(),
            done: false,
        };
        stream.force()?;
        Ok(stream)
    }

    /// Stops the work at its next turn; the call that waits answers `aborted`.
    pub fn abort_handle(&self) -> Abort {
        self.abort.clone()
    }

    /// The next event, or `None` after [`ChatEvent::Done`].
    ///
    /// # Errors
    /// `aborted` after [`Self::abort_handle`] was used; `constraint_failed`; else what the device met. After an error the
    /// stream has ended.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            if self.done {
                return Ok(None);
            }
            if let Err(e) = self.step().await {
                self.done = true;
                return Err(e.at("chat"));
            }
        }
    }

    /// One token, and those that it forces.
    async fn step(&mut self) -> Result<()> {
        let model = self.model.clone();
        let mut logits = self.read(&model).await?;
        for id in &model.mute {
            if let Some(logit) = logits.get_mut(*id as usize) {
                *logit = f32::NEG_INFINITY;
            }
        }
        if let Some(constraint) = &mut self.constraint {
            constraint.mask(&mut logits)?;
        }
        let recent = self.memory.as_ref().map_or(&[][..], |m| &m.tokens);
        let token = self.sampler.draw(&mut logits, recent)?;
        if model.tokenizer.is_end(token) {
            self.finish(FinishReason::Stop);
            return Ok(());
        }
        if let Some(constraint) = &mut self.constraint {
            constraint.accept(token)?;
        }
        self.take(token)?;
        self.force()
    }

    /// Reads all pending tokens; returns the logits of what follows them.
    async fn read(&mut self, model: &TextModel) -> Result<Vec<f32>> {
        let device = self.engine.device();
        let mut memory = self.memory.take().ok_or_else(|| EngineError::new("internal", "chat", "no memory".into()))?;
        let mut logits = None;
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while !rest.is_empty() {
            if let Err(e) = device.turn(&self.abort).await {
                model.give_back(memory); // what it holds is whole
                return Err(e.into());
            }
            let (now, later) = memory.chunk(rest);
            logits = Some(model.llama.forward(now, &mut memory.cache)?); // [1, vocab]
            memory.note(now);
            rest = later;
        }
        let logits = logits.ok_or_else(|| EngineError::new("internal", "chat", "nothing to read".into()))?;
        let values = logits.to_vec().await?;
        drop(logits);
        device.reset_arena();
        self.memory = Some(memory);
        Ok(values)
    }

    /// Shows a token and keeps it for the network.
    fn take(&mut self, token: u32) -> Result<()> {
        let text = self.detokenizer.push(&self.model.tokenizer, token);
        self.pending.push(token);
        self.usage.completion_tokens += 1;
        let (text, stopped) = self.stops.push(&text);
        self.show(text);
        if stopped {
            self.end(FinishReason::Stop);
        } else if self.constraint.as_ref().is_some_and(Constraint::is_done) {
            self.finish(FinishReason::Stop);
        } else if self.usage.completion_tokens >= self.max_tokens {
            self.finish(FinishReason::Length);
        }
        Ok(())
    }

    /// Takes the tokens that the schema leaves no choice about.
    fn force(&mut self) -> Result<()> {
        let Some(constraint) = self.constraint.as_mut().filter(|_| !self.done) else { return Ok(()) };
        let forced = constraint.forced()?;
        let complete = constraint.is_done();
        let last = forced.len().saturating_sub(1);
        for (i, token) in forced.into_iter().enumerate() {
            if self.done {
                break;
            }
            self.usage.forced_tokens += 1;
            self.take_forced(token, complete && i == last)?;
        }
        Ok(())
    }

    /// As [`Self::take`], while the constraint is already past the token.
    fn take_forced(&mut self, token: u32, last: bool) -> Result<()> {
        let constraint = self.constraint.take();
        let taken = self.take(token);
        self.constraint = constraint;
        if last && !self.done {
            self.finish(FinishReason::Stop);
        }
        taken
    }

    fn show(&mut self, text: String) {
        match self.queue.back_mut() {
            _ if text.is_empty() => {}
            Some(ChatEvent::Delta { text: before }) => before.push_str(&text),
            _ => self.queue.push_back(ChatEvent::Delta { text }),
        }
    }

    fn give_back(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.model.give_back(memory);
        }
    }

    /// Ends after all that was said.
    fn finish(&mut self, reason: FinishReason) {
        let tail = self.detokenizer.finish();
        let (text, stopped) = self.stops.push(&tail);
        self.show(text);
        if !stopped {
            let text = self.stops.finish();
            self.show(text);
        }
        self.end(reason);
    }

    fn end(&mut self, reason: FinishReason) {
        self.done = true;
        self.give_back();
        self.queue.push_back(ChatEvent::Done { finish_reason: reason, usage: self.usage.clone() });
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        self.give_back();
    }
}
