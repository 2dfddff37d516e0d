//! What the network says next: it reads what is pending and what was guessed, and goes on elsewhere where its device is lost.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use kinora_tensor::{Device, LogitEdits, MAX_GPU_CANDIDATES};

use super::{ChatStream, Draft, known};
use crate::chat::guess;
use crate::chat::memory::CHUNK;
use crate::chat::request::Speculation;
use crate::constrain::Constraint;
use crate::recovery::MAX_RECOVERIES;
use crate::{EngineError, error::Result};

/// Starts `job`, does `work` where the job goes on elsewhere, and waits for it.
async fn meanwhile<T>(job: impl Future<Output = T>, work: impl FnOnce()) -> T {
    let mut job = pin!(job);
    match poll_fn(|context| Poll::Ready(job.as_mut().poll(context))).await {
        Poll::Ready(done) => done,
        Poll::Pending => {
            work();
            job.await
        }
    }
}

/// Candidates beyond top-k that a GPU tells.
const TIES: usize = 8;

impl ChatStream {
    /// The logits of what follows all tokens so far: those of a guess that was right, or the network's.
    pub(super) async fn logits(&mut self) -> Result<Vec<f32>> {
        if let Some(logits) = self.ready.take() {
            return Ok(logits);
        }
        loop {
            match self.compute().await {
                Err(e) if e.code == "device_lost" && self.recoveries < MAX_RECOVERIES => self.recover().await?,
                logits => return logits,
            }
        }
    }

    async fn compute(&mut self) -> Result<Vec<f32>> {
        self.forget_guesses()?;
        let guesses = self.guess().await?;
        self.read(&guesses).await
    }

    /// Goes on with the model on another device, which reads all that was said again. Guesses change no token, so the smaller
    /// model stays behind.
    async fn recover(&mut self) -> Result<()> {
        self.plan.abort.check()?;
        self.recoveries += 1;
        (self.memory, self.ready) = (None, None);
        self.ahead.clear();
        if self.draft.take().is_some() {
            self.plan.speculation = None;
        }
        self.model = self.engine.recover(&self.model).await?;
        self.pending = self.history.tokens().to_vec();
        if let Some(memory) = known(self.model.remember(&self.pending, &self.adapters, self.plan.max_tokens))? {
            self.pending.drain(..memory.tokens.len());
            self.memory = Some(memory);
        }
        Ok(())
    }

    /// Takes back what was read on guesses that were wrong.
    pub(super) fn forget_guesses(&mut self) -> Result<()> {
        self.ready = None;
        let wrong = self.ahead.len();
        self.ahead.clear();
        if wrong == 0 {
            return Ok(());
        }
        let Some(memory) = &mut self.memory else { return Ok(()) };
        let right = memory.tokens.len() - wrong;
        let mut tokens = memory.tokens.clone();
        tokens.truncate(right);
        memory.truncate(right)?;
        // a network that cannot go back so little reads the rest again
        let again = tokens.get(memory.tokens.len()..).unwrap_or_default();
        self.pending.splice(0..0, again.iter().copied());
        Ok(())
    }

    /// Tokens to read ahead of the pending ones; none while there is a prompt to read.
    async fn guess(&mut self) -> Result<Vec<u32>> {
        let Some(speculation) = self.plan.speculation.clone() else { return Ok(Vec::new()) };
        let left = self.plan.max_tokens.saturating_sub(self.usage.completion_tokens + 1);
        if self.usage.completion_tokens == 0 || left == 0 {
            return Ok(Vec::new());
        }
        match speculation {
            Speculation::PromptLookup { tokens } => Ok(guess::lookup(self.history.tokens(), tokens.min(left))),
            Speculation::Draft { tokens, .. } => self.ask_draft(tokens.min(left)).await,
        }
    }

    /// What the smaller model would say, its likeliest tokens.
    async fn ask_draft(&mut self, n: usize) -> Result<Vec<u32>> {
        let abort = self.plan.abort.clone();
        let Some(Draft { model, memory }) = &mut self.draft else { return Ok(Vec::new()) };
        let device = model.llama.device().clone();
        let text = self.history.tokens();
        let common = memory.tokens.iter().zip(text).take_while(|(a, b)| a == b).count();
        if common < memory.tokens.len() {
            memory.truncate(common.min(text.len().saturating_sub(1)))?;
        }
        let mut unread = text.get(memory.tokens.len()..).unwrap_or_default().to_vec();
        let mut guesses = Vec::new();
        while guesses.len() < n && memory.tokens.len() + unread.len() < model.context {
            let mut logits = None;
            for part in unread.chunks(CHUNK) {
                device.turn(&abort).await?;
                let tokens = memory.tokens.len() + part.len();
                model.grow(memory, tokens).await?;
                logits = Some(model.read(part, memory, &abort).await?);
                memory.tokens.extend_from_slice(part);
            }
            let Some(logits) = logits else { break };
            let logits = logits.to_vec().await?;
            device.reset_arena();
            let best = (0u32..).zip(logits).reduce(|a, b| if b.1 > a.1 { b } else { a });
            let Some((token, _)) = best.filter(|(token, _)| !model.tokenizer.is_end(*token)) else { break };
            guesses.push(token);
            unread = vec![token];
        }
        Ok(guesses)
    }

    /// Reads all pending tokens and the guesses behind them; returns the logits of what follows the pending ones.
    async fn read(&mut self, guesses: &[u32]) -> Result<Vec<f32>> {
        let internal = |what: &str| EngineError::new("internal", "chat", what.to_string());
        let model = self.model.clone();
        let device = model.llama.device().clone();
        let lost = || EngineError::new("device_lost", "chat", "the device was lost".into());
        let mut memory = self.memory.take().ok_or_else(lost)?;
        let pending = std::mem::take(&mut self.pending);
        let room = model.context.saturating_sub(memory.tokens.len() + pending.len());
        let guesses = guesses.get(..guesses.len().min(room)).unwrap_or_default();
        let tokens = memory.tokens.len() + pending.len() + guesses.len();
        model.grow(&mut memory, tokens).await?;
        let mut rest = pending.as_slice();
        let mut logits = None;
        while !rest.is_empty() {
            if let Err(e) = device.turn(&self.plan.abort).await {
                model.give_back(memory); // what it holds is whole
                return Err(e.into());
            }
            let (now, later) = memory.chunk(rest);
            if later.is_empty() && !guesses.is_empty() {
                let all = [now, guesses].concat();
                model.adapt(&self.adapters)?;
                let rows = model.llama.forward_all(&all, &mut memory.cache)?; // [T, vocab]
                logits = Some(rows.narrow(0, now.len() - 1, 1 + guesses.len()).map_err(EngineError::from)?);
                memory.tokens.extend_from_slice(&all);
            } else {
                match model.read(now, &mut memory, &self.plan.abort).await {
                    Ok(row) => logits = Some(row), // [1, vocab]
                    Err(e) => {
                        if e.code == "aborted" {
                            model.give_back(memory); // what it holds is whole
                        }
                        return Err(e);
                    }
                }
                memory.note(now);
            }
            rest = later;
        }
        let logits = logits.ok_or_else(|| internal("nothing to read"))?;
        let vocab = logits.last_dim();
        let values = match self.candidates(&device).filter(|_| guesses.is_empty()) {
            Some(k) => {
                let temperature = self.plan.sampling.temperature;
                let edits = LogitEdits { mask: Some(self.allowed(vocab)), ..LogitEdits::default() };
                let found = logits.top_candidates(k, &edits, if temperature > 0.0 { temperature } else { 1.0 }).await?;
                let mut values = vec![f32::NEG_INFINITY; vocab];
                for (id, logit) in found.top {
                    if let Some(value) = values.get_mut(id as usize) {
                        *value = logit;
                    }
                }
                values
            }
            None => {
                // what may come next is computed while a GPU does; an error shows when it is asked for
                let prepare = || drop(self.constraint.as_mut().map(Constraint::prepare));
                meanwhile(logits.to_vec(), prepare).await?
            }
        };
        drop(logits);
        device.reset_arena();
        self.memory = Some(memory);
        if guesses.is_empty() {
            return Ok(values);
        }
        let mut rows = values.chunks_exact(vocab).map(<[f32]>::to_vec);
        let first = rows.next().ok_or_else(|| internal("no logits"))?;
        self.ahead = guesses.iter().copied().zip(rows).collect();
        Ok(first)
    }

    /// How many of the likeliest tokens a GPU needs to tell, where these are enough: not all logits have to be read back.
    fn candidates(&self, device: &Device) -> Option<usize> {
        let all_are_asked_for = self.constraint.is_some() || self.plan.logprobs.is_some();
        let k = self.plan.sampling.likeliest().filter(|_| !all_are_asked_for)?;
        // some more, because the sampler breaks ties after rounding
        let k = if k == 1 { 1 } else { k + TIES };
        (matches!(device, Device::Gpu(_)) && k <= MAX_GPU_CANDIDATES).then_some(k)
    }

    /// The tokens that may be drawn, a bit for each.
    pub(super) fn allowed(&mut self, vocab: usize) -> &[u32] {
        if self.allowed.is_empty() {
            let mut words = vec![u32::MAX; vocab.div_ceil(32)];
            let ends = (0..vocab as u32).filter(|id| self.plan.ignore_end && self.model.tokenizer.is_end(*id));
            for id in self.model.mute.iter().copied().filter(|id| !self.is_spoken(*id)).chain(ends) {
                if let Some(word) = words.get_mut(id as usize / 32) {
                    *word &= !(1 << (id % 32));
                }
            }
            self.allowed = words;
        }
        &self.allowed
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::meanwhile;

    #[test]
    fn work_is_done_while_a_job_waits_and_not_after_one_that_is_done() {
        let told = RefCell::new(Vec::new());
        let say = |what| told.borrow_mut().push(what);
        let job = async {
            say("begun");
            let mut asked = false;
            std::future::poll_fn(|context| match std::mem::replace(&mut asked, true) {
                true => std::task::Poll::Ready(()),
                false => {
                    context.waker().wake_by_ref();
                    std::task::Poll::Pending
                }
            })
            .await;
            say("done");
        };
        pollster::block_on(meanwhile(job, || say("work")));
        assert_eq!(told.take(), ["begun", "work", "done"]);
        pollster::block_on(meanwhile(async { say("done") }, || say("work")));
        assert_eq!(told.take(), ["done"]);
    }
}
