//! Candidates for the next token, and what cuts them.

/// Tokens and weights, the likeliest (of weight 1) first. Kept between draws, so that a draw allocates nothing.
#[derive(Default)]
pub(super) struct Candidates {
    all: Vec<(u32, f32)>,
    order: Vec<(f32, usize)>,
}

impl Candidates {
    /// The `k` likeliest tokens (all for 0) with the weights `exp((logit − most) / temperature)`.
    pub fn gather(&mut self, logits: &[f32], most: f32, temperature: f32, k: usize) {
        let weigh = |(id, l): (u32, &f32)| (id, ((l - most) / temperature).exp());
        self.all.clear();
        self.all.extend((0u32..).zip(logits).filter(|(_, l)| l.is_finite()).map(weigh).filter(|c| c.1 > 0.0));
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if k > 0 && k < self.all.len() {
            self.all.select_nth_unstable_by(k - 1, order);
            self.all.truncate(k);
        }
        self.all.sort_unstable_by(order);
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn total(&self) -> f32 {
        self.all.iter().map(|c| c.1).sum()
    }

    /// Probabilities among what is left, likeliest first.
    pub fn probabilities(&self) -> impl Iterator<Item = f32> {
        let total = self.total();
        self.all.iter().map(move |c| c.1 / total)
    }

    pub fn truncate(&mut self, n: usize) {
        self.all.truncate(n.max(1));
    }

    /// The fewest likeliest whose probabilities reach `p`.
    pub fn top_p(&mut self, p: f32) {
        if p >= 1.0 {
            return;
        }
        let enough = p * self.total();
        let mut sum = 0.0;
        let keep = self.all.iter().take_while(|c| {
            let before = sum;
            sum += c.1;
            before < enough
        });
        let keep = keep.count();
        self.truncate(keep);
    }

    /// Those at least `p` as likely as the likeliest.
    pub fn min_p(&mut self, p: f32) {
        let most = self.all.first().map_or(0.0, |c| c.1);
        let keep = self.all.iter().take_while(|c| c.1 >= p * most).count();
        self.truncate(keep);
    }

    /// Those whose surprise is nearest to the entropy, until their probabilities exceed `p`.
    pub fn typical(&mut self, p: f32) {
        if p >= 1.0 || self.all.len() < 2 {
            return;
        }
        let total = self.total();
        let surprise = |c: &(u32, f32)| -(c.1 / total).ln();
        let entropy: f32 = self.all.iter().map(|c| c.1 / total * surprise(c)).sum();
        self.order.clear();
        self.order.extend(self.all.iter().enumerate().map(|(i, c)| ((surprise(c) - entropy).abs(), i)));
        self.order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut sum = 0.0;
        let mut keep = 0;
        for (_, i) in &self.order {
            sum += self.all.get(*i).map_or(0.0, |c| c.1 / total);
            keep += 1;
            if sum > p {
                break;
            }
        }
        self.order.truncate(keep);
        self.order.sort_unstable_by_key(|(_, i)| *i);
        let mut kept = self.order.iter().map(|(_, i)| *i).peekable();
        let mut at = 0..;
        self.all.retain(|_| kept.next_if_eq(&at.next().unwrap_or(0)).is_some());
    }

    /// Leaves out all at or above the threshold but the least likely of them.
    pub fn exclude_top(&mut self, threshold: f32) {
        let above = self.probabilities().take_while(|p| *p >= threshold).count();
        if above >= 2 {
            self.all.drain(..above - 1);
        }
    }

    /// The token at `place` (0 to 1) of the sum of weights.
    pub fn draw(&self, place: f32) -> Option<u32> {
        let mut left = place * self.total();
        for (id, weight) in &self.all {
            left -= weight;
            if left < 0.0 {
                return Some(*id);
            }
        }
        self.all.last().map(|c| c.0) // rounding: the sum fell short
    }

    /// The rank of a token.
    pub fn rank(&self, token: u32) -> Option<usize> {
        self.all.iter().position(|c| c.0 == token)
    }
}
