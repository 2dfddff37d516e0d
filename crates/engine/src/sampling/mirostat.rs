//! Mirostat (Basu et al. 2021): the surprise of each drawn token moves the cut for the next.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Mirostat, chain::Candidates};

/// Tokens from which version 1 estimates the shape of the distribution.
const SAMPLE: usize = 100;

pub(super) struct State {
    config: Mirostat,
    /// Twice the target at first.
    mu: f32,
}

impl State {
    pub fn new(config: Mirostat) -> Self {
        Self { config, mu: 2.0 * config.tau }
    }

    /// Cuts, draws, and learns from what was drawn.
    pub fn draw(&mut self, c: &mut Candidates, rng: &mut ChaCha8Rng) -> Option<u32> {
        let keep = match self.config.version {
            1 => self.zipf(c),
            _ => c.probabilities().take_while(|p| -p.log2() <= self.mu).count(),
        };
        c.truncate(keep);
        let token = c.draw(rng.random())?;
        let probability = c.probabilities().nth(c.rank(token)?)?;
        self.mu -= self.config.eta * (-probability.log2() - self.config.tau);
        Some(token)
    }

    /// How many tokens have the target's surprise, if probabilities fall as a power of the rank.
    fn zipf(&self, c: &Candidates) -> usize {
        let p: Vec<f32> = c.probabilities().take(SAMPLE).collect();
        let (mut top, mut bottom) = (0.0f32, 0.0f32);
        for (i, pair) in p.windows(2).enumerate() {
            let &[a, b] = pair else { continue };
            let t = ((i + 2) as f32 / (i + 1) as f32).ln();
            top += t * (a / b).ln();
            bottom += t * t;
        }
        let s = if bottom > 0.0 { top / bottom } else { 1.0 };
        let epsilon = s - 1.0;
        let n = c.len() as f32;
        let k = (epsilon * self.mu.exp2() / (1.0 - n.powf(-epsilon))).powf(1.0 / s);
        if k.is_finite() && k >= 1.0 { k as usize } else { 1 }
    }
}
