//! What was said so far, as penalties look at it.

/// Tokens of the conversation, and from where on they are the answer's.
#[derive(Clone, Default)]
pub struct History {
    tokens: Vec<u32>,
    answer: usize,
    /// Tokens at which a repetition ends, sorted.
    breakers: Vec<u32>,
}

impl History {
    /// A conversation of which nothing is answered yet.
    pub fn new(prompt: &[u32]) -> Self {
        Self { tokens: prompt.to_vec(), answer: prompt.len(), breakers: Vec::new() }
    }

    /// Tokens at which a repetition ends.
    pub fn with_breakers(mut self, mut breakers: Vec<u32>) -> Self {
        breakers.sort_unstable();
        self.breakers = breakers;
        self
    }

    /// Appends a token of the answer.
    pub fn push(&mut self, token: u32) {
        self.tokens.push(token);
    }

    /// Puts others in the place of the newest token.
    pub fn replace_newest(&mut self, tokens: &[u32]) {
        self.tokens.pop();
        self.tokens.extend_from_slice(tokens);
    }

    /// The newest `n` tokens.
    pub fn newest(&self, n: usize) -> &[u32] {
        self.tokens.get(self.tokens.len().saturating_sub(n)..).unwrap_or_default()
    }

    /// The tokens of the answer.
    pub fn answer(&self) -> &[u32] {
        self.tokens.get(self.answer..).unwrap_or_default()
    }

    /// All tokens.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Whether a repetition ends at this token.
    pub fn breaks(&self, token: u32) -> bool {
        self.breakers.binary_search(&token).is_ok()
    }
}
