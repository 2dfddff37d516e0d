//! From logits to the next token: penalties, temperature, top-k, top-p, min-p, and a seeded draw.

#[cfg(test)]
mod tests;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{EngineError, error::Result};

/// How many of the newest tokens a repetition penalty looks at.
pub const PENALTY_WINDOW: usize = 64;

/// How tokens are drawn. The steps are applied in the order of the fields, as Hugging Face transformers does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Logits of tokens among the newest [`PENALTY_WINDOW`] are divided by it (multiplied where negative; Keskar et al.
    /// 2019); 1 changes nothing.
    pub repetition_penalty: f32,
    /// Divides the logits; 0 takes the likeliest token, whatever the fields below say.
    pub temperature: f32,
    /// Only the so many likeliest tokens; 0 takes all.
    pub top_k: usize,
    /// The fewest likeliest tokens whose probabilities reach this sum (Holtzman et al. 2019); 1 takes all.
    pub top_p: f32,
    /// Only tokens at least this fraction as likely as the likeliest (Nguyen et al. 2024); 0 takes all.
    pub min_p: f32,
}

impl Sampling {
    /// # Errors
    /// `invalid_request`, naming the field that is out of range.
    pub fn check(&self) -> Result<()> {
        let fields = [
            ("repetition_penalty", self.repetition_penalty, 0.1, 10.0),
            ("temperature", self.temperature, 0.0, 2.0),
            ("top_p", self.top_p, 0.0, 1.0),
            ("min_p", self.min_p, 0.0, 1.0),
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

/// Draws tokens; the same seed and logits give the same tokens.
pub struct Sampler {
    sampling: Sampling,
    rng: ChaCha8Rng,
    /// Candidates of one draw, kept so that a draw allocates nothing.
    candidates: Vec<(u32, f32)>,
}

impl Sampler {
    /// A sampler at the beginning of the random sequence of `seed`.
    pub fn new(sampling: Sampling, seed: u64) -> Self {
        Self { sampling, rng: ChaCha8Rng::seed_from_u64(seed), candidates: Vec::new() }
    }

    /// The next token after `recent`. A token whose logit is −∞ or not a number is never drawn.
    ///
    /// # Errors
    /// `model_failed` when no token is left.
    pub fn draw(&mut self, logits: &mut [f32], recent: &[u32]) -> Result<u32> {
        self.penalise(logits, recent);
        let likeliest =
            (0u32..).zip(logits.iter()).filter(|(_, l)| l.is_finite()).reduce(|a, b| if b.1 > a.1 { b } else { a });
        let Some((token, &most)) = likeliest else {
            let message = "the text model gave no finite logit".to_string();
            return Err(
                EngineError::new("model_failed", "chat", message).hint("The model file may be damaged; load it again.")
            );
        };
        if self.sampling.temperature <= 0.0 {
            return Ok(token);
        }
        self.gather(logits, most);
        let total = self.cut();
        let mut left = self.rng.random::<f32>() * total;
        for (id, weight) in &self.candidates {
            left -= weight;
            if left < 0.0 {
                return Ok(*id);
            }
        }
        Ok(self.candidates.last().map_or(token, |c| c.0)) // rounding: the sum fell short of `total`
    }

    fn penalise(&self, logits: &mut [f32], recent: &[u32]) {
        let penalty = self.sampling.repetition_penalty;
        if penalty == 1.0 {
            return;
        }
        let recent = recent.get(recent.len().saturating_sub(PENALTY_WINDOW)..).unwrap_or_default();
        for (i, token) in recent.iter().enumerate() {
            if recent.iter().take(i).any(|t| t == token) {
                continue; // once a token, however often it occurs
            }
            if let Some(logit) = logits.get_mut(*token as usize) {
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }

    /// Fills the candidates with the likeliest tokens and their weights `exp((logit − most) / temperature)`, likeliest first.
    fn gather(&mut self, logits: &[f32], most: f32) {
        let temperature = self.sampling.temperature;
        let weigh = |(id, l): (u32, &f32)| (id, ((l - most) / temperature).exp());
        self.candidates.clear();
        self.candidates.extend((0u32..).zip(logits).filter(|(_, l)| l.is_finite()).map(weigh).filter(|c| c.1 > 0.0));
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        let k = self.sampling.top_k;
        if k > 0 && k < self.candidates.len() {
            self.candidates.select_nth_unstable_by(k - 1, order);
            self.candidates.truncate(k);
        }
        self.candidates.sort_unstable_by(order);
    }

    /// Applies top-p and min-p to the sorted candidates; returns the sum of the weights that are left.
    fn cut(&mut self) -> f32 {
        let total: f32 = self.candidates.iter().map(|c| c.1).sum();
        let (enough, least) = (self.sampling.top_p * total, self.sampling.min_p); // the likeliest has weight 1
        let (mut sum, mut keep) = (0.0, 0);
        for (_, weight) in &self.candidates {
            if keep > 0 && (sum >= enough && self.sampling.top_p < 1.0 || *weight < least) {
                break;
            }
            sum += weight;
            keep += 1;
        }
        self.candidates.truncate(keep);
        sum
    }
}
