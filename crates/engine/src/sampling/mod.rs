//! From logits to the next token. The steps, in this order: logit bias; penalties for repetition, frequency and presence,
//! DRY; temperature; top-k; typical; top-p; min-p; XTC; and a seeded draw. Mirostat takes the place of all cuts.

mod chain;
mod history;
mod mirostat;
mod penalties;
#[cfg(test)]
mod tests;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{EngineError, error::Result};
use chain::Candidates;
pub use history::History;

/// How many of the newest tokens a repetition penalty looks at.
pub const PENALTY_WINDOW: usize = 64;

/// How tokens are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Divides the logits; 0 takes the likeliest token, whatever the cuts below say.
    pub temperature: f32,
    /// Only the so many likeliest tokens; 0 takes all.
    pub top_k: usize,
    /// The fewest likeliest tokens whose probabilities reach this sum (Holtzman et al. 2019); 1 takes all.
    pub top_p: f32,
    /// Only tokens at least this fraction as likely as the likeliest (Nguyen et al. 2024); 0 takes all.
    pub min_p: f32,
    /// Tokens whose surprise is nearest to the expected one, up to this sum (Meister et al. 2022); 1 takes all.
    pub typical_p: f32,
    /// Logits of tokens among the newest [`PENALTY_WINDOW`] are divided by it (multiplied where negative; Keskar et al.
    /// 2019); 1 changes nothing.
    pub repetition_penalty: f32,
    /// Taken off a token's logit for each time that the answer has it already.
    pub frequency_penalty: f32,
    /// Taken off a token's logit where the answer has it already.
    pub presence_penalty: f32,
    /// Added to the logits of single tokens.
    pub logit_bias: Vec<(u32, f32)>,
    pub xtc: Option<Xtc>,
    pub dry: Option<Dry>,
    pub mirostat: Option<Mirostat>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            typical_p: 1.0,
            repetition_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            logit_bias: Vec::new(),
            xtc: None,
            dry: None,
            mirostat: None,
        }
    }
}

/// Exclude top choices: now and then all tokens above a threshold but the least likely of them are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Xtc {
    /// How often.
    pub probability: f32,
    /// Above 0.5 it never applies.
    pub threshold: f32,
}

impl Default for Xtc {
    fn default() -> Self {
        Self { probability: 0.5, threshold: 0.1 }
    }
}

/// Don't repeat yourself: a token that would lengthen a repetition is punished exponentially with its length.
#[derive(Debug, Clone, PartialEq)]
pub struct Dry {
    pub multiplier: f32,
    pub base: f32,
    /// Repetitions of so many tokens are free.
    pub allowed_length: usize,
    /// So many of the newest tokens are looked at.
    pub window: usize,
    /// A repetition ends at a token with one of these in its text.
    pub sequence_breakers: Vec<String>,
}

impl Default for Dry {
    fn default() -> Self {
        let breakers = ["\n", ":", "\"", "*"];
        Self {
            multiplier: 0.8,
            base: 1.75,
            allowed_length: 2,
            window: 1024,
            sequence_breakers: breakers.map(String::from).to_vec(),
        }
    }
}

/// Keeps the surprise of the text near a target (Basu et al. 2021).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mirostat {
    /// 1 or 2.
    pub version: u8,
    /// The target, in bits.
    pub tau: f32,
    /// How fast it is followed.
    pub eta: f32,
}

impl Default for Mirostat {
    fn default() -> Self {
        Self { version: 2, tau: 5.0, eta: 0.1 }
    }
}

impl Sampling {
    /// # Errors
    /// `invalid_request`, naming the field that is out of range.
    pub fn check(&self) -> Result<()> {
        let (xtc, dry) = (self.xtc.unwrap_or_default(), self.dry.clone().unwrap_or_default());
        let mirostat = self.mirostat.unwrap_or_default();
        let fields = [
            ("temperature", self.temperature, 0.0, 2.0),
            ("top_p", self.top_p, 0.0, 1.0),
            ("min_p", self.min_p, 0.0, 1.0),
            ("typical_p", self.typical_p, 0.0, 1.0),
            ("repetition_penalty", self.repetition_penalty, 0.1, 10.0),
            ("frequency_penalty", self.frequency_penalty, -2.0, 2.0),
            ("presence_penalty", self.presence_penalty, -2.0, 2.0),
            ("xtc.probability", xtc.probability, 0.0, 1.0),
            ("xtc.threshold", xtc.threshold, 0.0, 1.0),
            ("dry.multiplier", dry.multiplier, 0.0, 100.0),
            ("dry.base", dry.base, 1.0, 100.0),
            ("mirostat.version", f32::from(mirostat.version), 1.0, 2.0),
            ("mirostat.tau", mirostat.tau, 0.0, 100.0),
            ("mirostat.eta", mirostat.eta, 0.0, 1.0),
        ];
        match fields.into_iter().find(|(_, value, low, high)| !(*low..=*high).contains(value)) {
            None => Ok(()),
            Some((name, value, low, high)) => Err(EngineError::invalid_request(
                "chat",
                format!("{name} must be between {low} and {high}, not {value}"),
            )),
        }
    }
}

impl Sampling {
    /// How many of the likeliest tokens hold all that can be drawn, where the model's own logits tell them: `None` where
    /// any token may be drawn, or the text so far changes the logits.
    pub(crate) fn likeliest(&self) -> Option<usize> {
        let changed = self.repetition_penalty != 1.0
            || self.frequency_penalty != 0.0
            || self.presence_penalty != 0.0
            || self.dry.is_some()
            || !self.logit_bias.is_empty();
        match self {
            _ if changed => None,
            Self { temperature, .. } if *temperature <= 0.0 => Some(1),
            Self { mirostat: None, top_k: k @ 1.., .. } => Some(*k),
            _ => None,
        }
    }
}

/// Draws tokens; the same seed and logits give the same tokens.
pub struct Sampler {
    sampling: Sampling,
    rng: ChaCha8Rng,
    mirostat: Option<mirostat::State>,
    candidates: Candidates,
}

impl Sampler {
    /// A sampler at the beginning of the random sequence of `seed`.
    pub fn new(sampling: Sampling, seed: u64) -> Self {
        let mirostat = sampling.mirostat.map(mirostat::State::new);
        Self { sampling, rng: ChaCha8Rng::seed_from_u64(seed), mirostat, candidates: Candidates::default() }
    }

    /// The next token behind `history`. A token whose logit is −∞ or not a number is never drawn. Changes `logits`.
    ///
    /// # Errors
    /// `model_failed` when no token is left.
    pub fn draw(&mut self, logits: &mut [f32], history: &History) -> Result<u32> {
        penalties::apply(&self.sampling, logits, history);
        let likeliest =
            (0u32..).zip(logits.iter()).filter(|(_, l)| l.is_finite()).reduce(|a, b| if b.1 > a.1 { b } else { a });
        let Some((token, &most)) = likeliest else {
            let message = "the text model gave no finite logit".to_string();
            return Err(
                EngineError::new("model_failed", "chat", message).hint("The model file may be damaged; load it again.")
            );
        };
        let s = &self.sampling;
        if s.temperature <= 0.0 {
            return Ok(token);
        }
        let c = &mut self.candidates;
        if let Some(state) = &mut self.mirostat {
            c.gather(logits, most, s.temperature, 0);
            return Ok(state.draw(c, &mut self.rng).unwrap_or(token));
        }
        c.gather(logits, most, s.temperature, s.top_k);
        c.typical(s.typical_p);
        c.top_p(s.top_p);
        c.min_p(s.min_p);
        if let Some(xtc) = s.xtc
            && self.rng.random::<f32>() < xtc.probability
        {
            c.exclude_top(xtc.threshold);
        }
        Ok(c.draw(self.rng.random()).unwrap_or(token))
    }
}
