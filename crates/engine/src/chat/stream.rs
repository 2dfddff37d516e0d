//! An answer in the making: nothing is computed until it is asked for.

mod reading;

use std::collections::VecDeque;
use std::rc::Rc;

use kinora_formats::Detokenizer;

use super::adapters::Adapters;
use super::event::{ChatEvent, FinishReason, TokenLogprob, Usage};
use super::memory::Memory;
use super::model::TextModel;
use super::request::{ChatRequest, CompletionRequest, Plan, Prompt, Speculation};
use super::stop::StopFilter;
use super::tools::{self, CallReader};
use crate::clock::Clock;
use crate::sampling::{History, Sampler};
use crate::{Abort, Engine, EngineError, constrain::Constraint, error::Result};

/// The assistant's turn, event by event. Dropping it stops the work and keeps the cache for the next conversation.
pub struct ChatStream {
    engine: Engine,
    /// Kept to the end of the answer, even where it is taken out of the engine meanwhile.
    model: Rc<TextModel>,
    plan: Plan,
    adapters: Adapters,
    sampler: Sampler,
    history: History,
    constraint: Option<Constraint>,
    mode: Mode,
    stops: StopFilter,
    detokenizer: Detokenizer,
    /// `None` after an error, when the cache's content is not known.
    memory: Option<Memory>,
    /// Tokens that the network has not read yet.
    pending: Vec<u32>,
    /// Tokens read ahead on a guess, each with the logits of what follows it.
    ahead: VecDeque<(u32, Vec<f32>)>,
    /// Logits of what follows the newest token, where a guess of it was right.
    ready: Option<Vec<f32>>,
    draft: Option<Draft>,
    /// The tokens that may be drawn, a bit for each, once they were asked for; no grammar is on then.
    allowed: Vec<u32>,
    /// How often the device was lost.
    recoveries: usize,
    /// Probabilities of tokens whose text is not shown yet.
    logprobs: Vec<TokenLogprob>,
    clock: Clock,
    usage: Usage,
    queue: VecDeque<ChatEvent>,
    done: bool,
}

/// What the answer's text is.
enum Mode {
    Text,
    /// Text, until it begins a call.
    Watch {
        opening: StopFilter,
        trigger: String,
        grammar: String,
        /// Control tokens that the trigger is spelt with: here they are text.
        spoken: Vec<(u32, String)>,
    },
    Calls(CallReader),
}

/// A smaller model that guesses.
struct Draft {
    model: Rc<TextModel>,
    memory: Memory,
}

impl ChatStream {
    /// Checks the request and makes its tokens; computes nothing.
    ///
    /// # Errors
    /// `invalid_request`, `context_length_exceeded`, `out_of_memory`, `model_missing`, `model_not_found`, `grammar_missing`.
    pub(crate) fn open(engine: &Engine, request: ChatRequest) -> Result<Self> {
        let plan = request.plan()?;
        let model = engine.text(request.model.as_deref())?;
        let (callable, must) = tools::callable(&request.tools, &request.tool_choice)?;
        let grammars = engine.grammars(&model);
        let mut constraint = grammars.of_format(&request.format)?;
        let mut mode = Mode::Text;
        if must {
            let grammar = tools::grammar(&callable, model.dialect(), request.parallel_tool_calls, "")?;
            constraint = Some(grammars.lark("tools", &grammar)?);
            mode = Mode::Calls(CallReader::new(model.dialect(), "", plan.seed));
        } else if !callable.is_empty() && constraint.is_none() {
            let trigger = tools::trigger(model.dialect());
            let grammar = tools::grammar(&callable, model.dialect(), request.parallel_tool_calls, &trigger)?;
            // refused now rather than in the middle of an answer
            grammars.lark("tools", &grammar)?;
            let spoken = model.spoken();
            mode = Mode::Watch { opening: StopFilter::new(vec![trigger.clone()]), trigger, grammar, spoken };
        }
        let (prompt, dropped) = model.prompt(&request)?;
        let mut stream = Self::begin(engine, model, plan, &prompt, constraint, mode)?;
        stream.usage.dropped_messages = dropped;
        Ok(stream)
    }

    /// As [`Self::open`], for a text without a template.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn complete(engine: &Engine, request: CompletionRequest) -> Result<Self> {
        let plan = request.plan()?;
        let model = engine.text(request.model.as_deref())?;
        let prompt = match &request.prompt {
            Prompt::Text(text) => model.tokens(text)?,
            Prompt::Tokens(tokens) => tokens.clone(),
        };
        model.check_length(&prompt)?;
        let constraint = engine.grammars(&model).of_format(&request.format)?;
        let mut stream = Self::begin(engine, model.clone(), plan, &prompt, constraint, Mode::Text)?;
        if request.echo {
            let text = match request.prompt {
                Prompt::Text(text) => text,
                Prompt::Tokens(tokens) => model.tokenizer.decode(&tokens),
            };
            stream.queue.push_front(ChatEvent::Delta { text, logprobs: None });
        }
        Ok(stream)
    }

    fn begin(
        engine: &Engine,
        model: Rc<TextModel>,
        plan: Plan,
        prompt: &[u32],
        constraint: Option<Constraint>,
        mode: Mode,
    ) -> Result<Self> {
        let draft = match &plan.speculation {
            Some(Speculation::Draft { model: name, .. }) => {
                let draft = engine.text(Some(name))?;
                if draft.tokenizer.vocab_size() != model.tokenizer.vocab_size() {
                    let message = format!("{name} has another vocabulary, so it cannot guess for this model");
                    return Err(EngineError::invalid_request("chat", message));
                }
                known(draft.remember(prompt, &Adapters::default(), plan.max_tokens))?
                    .map(|memory| Draft { memory, model: draft })
            }
            _ => None,
        };
        let adapters = model.adapters_of(&plan.adapters)?;
        known(model.adapt(&adapters))?; // refused now rather than in the middle
        let memory = known(model.remember(prompt, &adapters, plan.max_tokens))?;
        let cached = memory.as_ref().map_or(0, |memory| memory.tokens.len());
        let breakers = plan.sampling.dry.as_ref().map(|dry| model.holding(&dry.sequence_breakers)).unwrap_or_default();
        let usage = Usage { prompt_tokens: prompt.len(), cached_tokens: cached, ..Usage::default() };
        let mut stream = Self {
            engine: engine.clone(),
            adapters,
            sampler: Sampler::new(plan.sampling.clone(), plan.seed),
            history: History::new(prompt).with_breakers(breakers),
            constraint,
            mode,
            stops: StopFilter::new(plan.stop.clone()),
            detokenizer: Detokenizer::new(),
            memory,
            pending: prompt.get(cached..).unwrap_or_default().to_vec(),
            ahead: VecDeque::new(),
            ready: None,
            draft,
            allowed: Vec::new(),
            recoveries: 0,
            logprobs: Vec::new(),
            clock: Clock::start(),
            usage,
            queue: VecDeque::new(),
            done: false,
            plan: Plan { max_tokens: plan.max_tokens.min(model.context - prompt.len()), ..plan },
            model,
        };
        stream.force()?;
        Ok(stream)
    }

    /// Stops the work at its next turn; the call that waits answers `aborted`.
    pub fn abort_handle(&self) -> Abort {
        self.plan.abort.clone()
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
                return Err(self.model.out_of_memory(e, self.history.tokens().len()).at("chat"));
            }
        }
    }

    /// One token, and those that it forces.
    async fn step(&mut self) -> Result<()> {
        let mut logits = self.logits().await?;
        if self.usage.completion_tokens == 0 {
            self.usage.prompt_ms = self.clock.ms();
        }
        let raw = self.plan.logprobs.map(|_| logits.clone());
        let model = self.model.clone();
        for (word, logits) in self.allowed(logits.len()).iter().zip(logits.chunks_mut(32)) {
            if *word != u32::MAX {
                let denied = logits.iter_mut().enumerate().filter(|(bit, _)| word >> bit & 1 == 0);
                denied.for_each(|(_, logit)| *logit = f32::NEG_INFINITY);
            }
        }
        if let Some(constraint) = &mut self.constraint {
            constraint.mask(&mut logits)?;
        }
        let token = self.sampler.draw(&mut logits, &self.history)?;
        if model.tokenizer.is_end(token) && !self.plan.ignore_end {
            let reason = if self.has_calls() { FinishReason::ToolCalls } else { FinishReason::Stop };
            return self.finish(reason);
        }
        if let (Some(raw), Some(n)) = (raw, self.plan.logprobs) {
            self.logprobs.push(model.logprob(&raw, token, n));
        }
        if let Some(constraint) = &mut self.constraint {
            constraint.accept(token)?;
        }
        self.take(token)?;
        self.force()
    }

    /// Whether a control token begins calls, so that it may be drawn.
    fn is_spoken(&self, id: u32) -> bool {
        matches!(&self.mode, Mode::Watch { spoken, .. } if spoken.iter().any(|(s, _)| *s == id))
    }

    /// Shows a token and keeps it for the network, unless it was read ahead.
    fn take(&mut self, token: u32) -> Result<()> {
        let was_guessed = self.pending.is_empty() && self.ahead.front().is_some_and(|(guess, _)| *guess == token);
        if was_guessed {
            self.ready = self.ahead.pop_front().map(|(_, logits)| logits);
            self.usage.accepted_draft_tokens += 1;
        } else {
            self.forget_guesses()?;
            self.pending.push(token);
        }
        self.history.push(token);
        let mut text = self.detokenizer.push(&self.model.tokenizer, token);
        if let Mode::Watch { spoken, .. } = &self.mode
            && let Some((_, spelling)) = spoken.iter().find(|(id, _)| *id == token)
        {
            text.push_str(spelling);
        }
        self.usage.completion_tokens += 1;
        let (text, stopped) = self.stops.push(&text);
        self.show(&text)?;
        if stopped {
            self.end(FinishReason::Stop);
        } else if self.constraint.as_ref().is_some_and(Constraint::is_done) {
            let reason = if self.has_calls() { FinishReason::ToolCalls } else { FinishReason::Stop };
            self.finish(reason)?;
        } else if self.usage.completion_tokens >= self.plan.max_tokens {
            self.finish(FinishReason::Length)?;
        }
        Ok(())
    }

    /// Takes the tokens that the grammar leaves no choice about.
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
            if self.plan.logprobs.is_some() {
                let bytes = self.model.tokenizer.token_bytes(token).to_vec();
                self.logprobs.push(TokenLogprob { bytes, logprob: 0.0, top: Vec::new() });
            }
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
            let reason = if self.has_calls() { FinishReason::ToolCalls } else { FinishReason::Stop };
            self.finish(reason)?;
        }
        taken
    }

    fn has_calls(&self) -> bool {
        matches!(&self.mode, Mode::Calls(reader) if reader.calls() > 0)
    }

    /// Tells text as what it is: the answer's own, or of a call.
    fn show(&mut self, text: &str) -> Result<()> {
        match &mut self.mode {
            Mode::Text => self.show_text(text.to_string()),
            Mode::Calls(reader) => {
                let mut events = Vec::new();
                reader.push(text, &mut events);
                self.logprobs.clear();
                self.queue.extend(events);
            }
            Mode::Watch { opening, .. } => {
                let (text, begins) = opening.push(text);
                self.show_text(text);
                if begins {
                    self.begin_calls()?;
                }
            }
        }
        Ok(())
    }

    /// The text that opens a call was written: the grammar takes over behind it. What the last token says beyond is taken back.
    fn begin_calls(&mut self) -> Result<()> {
        let Mode::Watch { grammar, opening, trigger, .. } = std::mem::replace(&mut self.mode, Mode::Text) else {
            return Ok(());
        };
        self.constraint = Some(self.engine.grammars(&self.model).lark("tools", &grammar)?);
        self.mode = Mode::Calls(CallReader::new(self.model.dialect(), &trigger, self.plan.seed));
        let tokenizer = &self.model.tokenizer;
        let beyond = opening.beyond();
        let newest = self.history.tokens().last().copied();
        let text = newest.map(|token| String::from_utf8_lossy(tokenizer.token_bytes(token)).into_owned());
        let Some(kept) = text.as_deref().and_then(|text| text.strip_suffix(beyond)).filter(|_| !beyond.is_empty())
        else {
            return Ok(());
        };
        let again = tokenizer.encode(kept, false)?;
        self.forget_guesses()?;
        if self.pending.pop().is_none()
            && let Some(memory) = &mut self.memory
        {
            let one_less = memory.tokens.len().saturating_sub(1);
            let tokens = memory.tokens.clone();
            memory.truncate(one_less)?;
            self.pending.extend_from_slice(tokens.get(memory.tokens.len()..one_less).unwrap_or_default());
        }
        self.history.replace_newest(&again);
        self.pending.extend(again);
        Ok(())
    }

    fn show_text(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        let logprobs = self.plan.logprobs.map(|_| std::mem::take(&mut self.logprobs));
        match self.queue.back_mut() {
            Some(ChatEvent::Delta { text: before, logprobs: known }) => {
                before.push_str(&text);
                known.get_or_insert_default().extend(logprobs.into_iter().flatten());
                if self.plan.logprobs.is_none() {
                    *known = None;
                }
            }
            _ => self.queue.push_back(ChatEvent::Delta { text, logprobs }),
        }
    }

    fn give_back(&mut self) {
        let _ = self.forget_guesses();
        if let Some(memory) = self.memory.take() {
            self.model.give_back(memory);
        }
        if let Some(draft) = self.draft.take() {
            draft.model.give_back(draft.memory);
        }
    }

    /// Ends after all that was said.
    fn finish(&mut self, reason: FinishReason) -> Result<()> {
        let tail = self.detokenizer.finish();
        let (text, stopped) = self.stops.push(&tail);
        self.show(&text)?;
        if !stopped {
            let text = self.stops.finish();
            self.show(&text)?;
        }
        if let Mode::Watch { opening, .. } = &mut self.mode {
            let text = opening.finish();
            self.show_text(text);
        }
        self.end(reason);
        Ok(())
    }

    fn end(&mut self, reason: FinishReason) {
        self.done = true;
        self.give_back();
        self.usage.completion_ms = self.clock.ms() - self.usage.prompt_ms;
        let device = self.model.llama.device();
        self.queue.push_back(ChatEvent::Done {
            finish_reason: reason,
            usage: self.usage.clone(),
            device: device.name(),
            precision: self.model.precision(device),
        });
    }
}

/// What was made, or none where the device was lost: the first read finds another.
fn known<T>(made: Result<T>) -> Result<Option<T>> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(e) if e.code == "device_lost" => Ok(None),
        Err(e) => Err(e),
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        self.give_back();
    }
}
