//! Constraints of one model's texts, out of what compiles grammars.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use kinora_formats::Tokenizer;
use kinora_grammar::{Compiler, Grammar, Matcher, Tokens, Vocabulary};
use serde_json::{Value, json};

use super::{bad, compact, gbnf, small};
use crate::chat::ResponseFormat;
use crate::{EngineError, error::Result};

/// The code of the error where nothing compiles grammars: another try succeeds once the host has brought it.
pub(crate) const GRAMMAR_MISSING: &str = "grammar_missing";

/// What compiles grammars where it is linked in.
pub(crate) fn linked() -> Option<Rc<dyn Compiler>> {
    #[cfg(feature = "constrain")]
    return Some(Rc::new(kinora_grammar::Guidance));
    #[cfg(not(feature = "constrain"))]
    None
}

/// A model's tokens as grammars take them, made when the first grammar is asked for.
pub(crate) type SharedVocabulary = OnceCell<Box<dyn Vocabulary>>;

/// Makes constraints of one model's texts.
pub(crate) struct Grammars<'a> {
    pub compiler: Option<Rc<dyn Compiler>>,
    pub tokenizer: &'a Arc<Tokenizer>,
    pub vocabulary: &'a SharedVocabulary,
}

/// The state of one constrained text.
pub(crate) struct Constraint {
    matcher: Box<dyn Matcher>,
    /// What may come next, where it was computed ahead.
    ahead: Option<Vec<u32>>,
}

impl Grammars<'_> {
    /// A constraint to what `format` allows; none for plain text.
    ///
    /// # Errors
    /// `invalid_request` for what is no schema or grammar, uses what is not enforced, can have no value, or is too large;
    /// `grammar_missing` where nothing compiles grammars yet.
    pub fn of_format(&self, format: &ResponseFormat) -> Result<Option<Constraint>> {
        Ok(Some(match format {
            ResponseFormat::Text => return Ok(None),
            ResponseFormat::JsonObject => self.json(&json!({ "type": "object" }))?,
            ResponseFormat::JsonSchema(schema) => self.json(schema)?,
            ResponseFormat::Regex(regex) => {
                small("regex", regex.len())?;
                self.build("regex", Grammar::Regex(regex))?
            }
            ResponseFormat::Choice(choices) => {
                small("choice", choices.iter().map(String::len).sum())?;
                if choices.is_empty() {
                    return Err(bad("choice", "it is empty"));
                }
                let texts: Vec<String> = choices.iter().map(|c| Value::String(c.clone()).to_string()).collect();
                self.lark("choice", &format!("start: {}", texts.join(" | ")))?
            }
            ResponseFormat::Lark(text) => {
                small("grammar", text.len())?;
                self.lark("grammar", text)?
            }
            ResponseFormat::Gbnf(text) => {
                small("grammar", text.len())?;
                self.lark("grammar", &gbnf::to_lark(text).map_err(|e| bad("grammar", &e))?)?
            }
        }))
    }

    /// A constraint to a grammar of our own making.
    ///
    /// # Errors
    /// As [`Self::of_format`], under the name `what`.
    pub fn lark(&self, what: &str, text: &str) -> Result<Constraint> {
        self.build(what, Grammar::Lark(text))
    }

    /// A constraint to compact JSON of `schema`, keys in the order in which the schema names them.
    fn json(&self, schema: &Value) -> Result<Constraint> {
        let mut schema = schema.clone();
        compact(&mut schema)?;
        self.build("json_schema", Grammar::JsonSchema(&schema.to_string()))
    }

    fn build(&self, what: &str, grammar: Grammar) -> Result<Constraint> {
        self.vocabulary()?.compile(grammar).map(Constraint::new).map_err(|e| bad(what, &e))
    }

    fn vocabulary(&self) -> Result<&dyn Vocabulary> {
        if self.vocabulary.get().is_none() {
            let compiler = self.compiler.as_ref().ok_or_else(missing)?;
            let made = compiler.vocabulary(tokens(self.tokenizer)?);
            let made = made.map_err(|e| EngineError::new("internal", "chat", e))?;
            let _ = self.vocabulary.set(made); // it was empty a moment ago, and no one else can reach it
        }
        let vocabulary = self.vocabulary.get().ok_or_else(missing)?;
        Ok(vocabulary.as_ref())
    }
}

/// The tokenizer as grammars see it.
fn tokens(tokenizer: &Arc<Tokenizer>) -> Result<Tokens> {
    let ids = 0..tokenizer.vocab_size() as u32;
    let ends: Vec<u32> = ids.clone().filter(|id| tokenizer.is_end(*id)).collect();
    let Some(eos) = tokenizer.eos().or(ends.first().copied()) else {
        let message = "the text model has no token that ends a text, which a grammar needs".to_string();
        return Err(EngineError::new("unsupported", "chat", message));
    };
    let words = ids.clone().map(|id| tokenizer.token_bytes(id).to_vec()).collect();
    let special = ids.filter(|id| tokenizer.is_control(*id) || tokenizer.is_end(*id)).collect();
    let tokenizer = tokenizer.clone();
    let encode = Box::new(move |text: &str| tokenizer.encode(text, false).ok());
    Ok(Tokens { words, special, ends, eos, encode })
}

impl Constraint {
    fn new(matcher: Box<dyn Matcher>) -> Self {
        Self { matcher, ahead: None }
    }

    /// Computes what may come next, so that [`Self::mask`] need not.
    ///
    /// # Errors
    /// As [`Self::mask`], which then says so again.
    pub fn prepare(&mut self) -> Result<()> {
        if self.ahead.is_none() {
            self.ahead = Some(self.matcher.mask().map_err(failed)?);
        }
        Ok(())
    }

    /// Sets the logits of all tokens that may not come next to −∞. A text that may end here leaves the end tokens.
    ///
    /// # Errors
    /// `constraint_failed` when the schema branches more than the parser's limits allow.
    pub fn mask(&mut self, logits: &mut [f32]) -> Result<()> {
        self.prepare()?;
        let mask = self.ahead.as_deref().unwrap_or_default();
        for (i, logits) in logits.chunks_mut(32).enumerate() {
            let word = mask.get(i).copied().unwrap_or_default();
            let denied = logits.iter_mut().enumerate().filter(|(bit, _)| word >> bit & 1 == 0);
            denied.for_each(|(_, logit)| *logit = f32::NEG_INFINITY);
        }
        Ok(())
    }

    /// Takes in the next token.
    ///
    /// # Errors
    /// `constraint_failed` when it may not come here, or a limit was reached.
    pub fn accept(&mut self, token: u32) -> Result<()> {
        self.ahead = None;
        self.matcher.accept(token).map_err(failed)
    }

    /// Takes in the tokens that must come next, if the schema leaves no choice, and returns them.
    ///
    /// # Errors
    /// As [`Self::accept`].
    pub fn forced(&mut self) -> Result<Vec<u32>> {
        self.ahead = None;
        self.matcher.forced().map_err(failed)
    }

    /// Whether the value is complete and nothing can follow.
    pub fn is_done(&self) -> bool {
        self.matcher.is_done()
    }
}

fn missing() -> EngineError {
    let message = "what enforces schemas and grammars is a module of its own, and it is not loaded".to_string();
    EngineError::new(GRAMMAR_MISSING, "chat", message).hint("Load it and ask again, or leave the schema out.").retry()
}

fn failed(e: String) -> EngineError {
    EngineError::new("constraint_failed", "chat", format!("the grammar could not be followed any further: {e}"))
        .hint("Simplify the schema or grammar.")
}
