//! Text that must follow a grammar: which tokens may come next, and which must.
//!
//! The traits are all that an engine knows, so what compiles grammars may be linked into it ([`Guidance`]) or lie in a module of
//! its own that is fetched when the first grammar is asked for.

#[cfg(feature = "guidance")]
mod guidance;

#[cfg(feature = "guidance")]
pub use guidance::Guidance;

/// `Result` whose error is what is wrong, in a sentence.
pub type Result<T> = std::result::Result<T, String>;

/// Text to tokens; `None` for what cannot be encoded.
pub type Encode = Box<dyn Fn(&str) -> Option<Vec<u32>> + Send + Sync>;

/// The tokens of a model.
pub struct Tokens {
    /// The bytes of each token, by its id.
    pub words: Vec<Vec<u8>>,
    /// Ids of tokens that are no text: a grammar never lets them in.
    pub special: Vec<u32>,
    /// Ids of all tokens that end a text.
    pub ends: Vec<u32>,
    /// The one of them that a complete text is ended with.
    pub eos: u32,
    pub encode: Encode,
}

/// What a text must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar<'a> {
    /// JSON of this schema, keys in the schema's order. llguidance's own options may stand in its field `x-guidance`.
    JsonSchema(&'a str),
    /// A match of this regular expression, from beginning to end.
    Regex(&'a str),
    /// A grammar in llguidance's form of Lark.
    Lark(&'a str),
}

/// Makes vocabularies.
pub trait Compiler {
    /// What all grammars over these tokens share.
    ///
    /// # Errors
    /// Tokens that cannot be used.
    fn vocabulary(&self, tokens: Tokens) -> Result<Box<dyn Vocabulary>>;
}

/// The tokens that texts are made of.
pub trait Vocabulary {
    /// A grammar over these tokens, at the beginning of its text.
    ///
    /// # Errors
    /// A grammar that is none, has no text, uses what is not enforced or is too large.
    fn compile(&self, grammar: Grammar) -> Result<Box<dyn Matcher>>;
}

/// A grammar, and a text as far as it is written.
pub trait Matcher {
    /// The tokens that may come next: bit `id % 32` of word `id / 32`. A text that may end here leaves its end tokens.
    ///
    /// # Errors
    /// A limit was reached.
    fn mask(&mut self) -> Result<Vec<u32>>;

    /// Takes in the next token.
    ///
    /// # Errors
    /// It may not come here, or a limit was reached.
    fn accept(&mut self, token: u32) -> Result<()>;

    /// Takes in the tokens that must come next, where there is no choice, and returns them.
    ///
    /// # Errors
    /// As [`Self::accept`].
    fn forced(&mut self) -> Result<Vec<u32>>;

    /// Whether the text is complete and nothing can follow.
    fn is_done(&self) -> bool;
}
