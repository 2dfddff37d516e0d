//! Schemas and grammars through `llguidance`: Earley parsing over the bytes of our tokens.

use std::cell::OnceCell;
use std::sync::Arc;

use kinora_formats::Tokenizer;
use llguidance::api::{GrammarWithLexer, ParserLimits, TopLevelGrammar};
use llguidance::{JsonCompileOptions, Matcher, ParserFactory};
use serde_json::Value;
use toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};

use super::gbnf;
use crate::chat::ResponseFormat;
use crate::{EngineError, error::Result};

/// The longest token that may be used, in bytes; longer ones are spaces and rulers, which JSON does without.
const MAX_TOKEN: usize = 128;
/// The longest schema or grammar, in bytes.
const MAX_SCHEMA: usize = 1 << 20;
/// Levels of a schema at most.
const MAX_DEPTH: usize = 64;

/// What all constraints of one tokenizer share, made when the first is asked for.
#[derive(Default)]
pub(crate) struct Grammars(OnceCell<ParserFactory>);

/// The state of one constrained text.
pub(crate) struct Constraint(Matcher);

/// Our tokenizer as llguidance sees it.
struct Tokens {
    trie: TokTrie,
    tokenizer: Arc<Tokenizer>,
    /// Whether encoding keeps every byte; else forced text is left to the model, token by token.
    exact: bool,
}

impl TokenizerEnv for Tokens {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, s: &[u8]) -> Vec<TokenId> {
        let encoded = std::str::from_utf8(s).ok().and_then(|text| self.tokenizer.encode(text, false).ok());
        encoded.unwrap_or_else(|| self.trie.greedy_tokenize(s))
    }

    fn tokenize_is_canonical(&self) -> bool {
        self.exact
    }
}

impl Tokens {
    fn new(tokenizer: &Arc<Tokenizer>) -> Result<Self> {
        let ids = 0..tokenizer.vocab_size() as u32;
        let ends: Vec<u32> = ids.clone().filter(|id| tokenizer.is_end(*id)).collect();
        let Some(eos) = tokenizer.eos().or(ends.first().copied()) else {
            let message = "the text model has no token that ends a text, which a grammar needs".to_string();
            return Err(EngineError::new("unsupported", "chat", message));
        };
        let word = |id: u32| {
            let bytes = tokenizer.token_bytes(id);
            if tokenizer.is_control(id) || tokenizer.is_end(id) {
                [&[TokTrie::SPECIAL_TOKEN_MARKER], bytes.get(..MAX_TOKEN.min(bytes.len())).unwrap_or_default()].concat()
            } else if bytes.len() <= MAX_TOKEN {
                bytes.to_vec()
            } else {
                Vec::new()
            }
        };
        let words: Vec<Vec<u8>> = ids.map(word).collect();
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, eos), &words).with_eos_tokens(&ends);
        let sample = "{\"a\":[1,\"b c\"]}";
        let encoded = tokenizer.encode(sample, false)?;
        let exact = encoded.iter().flat_map(|id| tokenizer.token_bytes(*id)).copied().eq(sample.bytes());
        Ok(Self { trie, tokenizer: tokenizer.clone(), exact })
    }
}

impl Grammars {
    /// A constraint to what `format` allows; none for plain text.
    ///
    /// # Errors
    /// `invalid_request` for what is no schema or grammar, uses what is not enforced, can have no value, or is too large.
    pub fn of_format(&self, tokenizer: &Arc<Tokenizer>, format: &ResponseFormat) -> Result<Option<Constraint>> {
        let lark = |name, text: &str| self.build(tokenizer, name, TopLevelGrammar::from_lark(text.to_string()));
        Ok(Some(match format {
            ResponseFormat::Text => return Ok(None),
            ResponseFormat::JsonObject => self.json(tokenizer, &serde_json::json!({ "type": "object" }))?,
            ResponseFormat::JsonSchema(schema) => self.json(tokenizer, schema)?,
            ResponseFormat::Regex(regex) => {
                small("regex", regex.len())?;
                self.build(tokenizer, "regex", TopLevelGrammar::from_regex(regex))?
            }
            ResponseFormat::Choice(choices) => {
                small("choice", choices.iter().map(String::len).sum())?;
                if choices.is_empty() {
                    return Err(bad("choice", "it is empty"));
                }
                let texts: Vec<String> = choices.iter().map(|c| Value::String(c.clone()).to_string()).collect();
                lark("choice", &format!("start: {}", texts.join(" | ")))?
            }
            ResponseFormat::Lark(text) => {
                small("grammar", text.len())?;
                lark("grammar", text)?
            }
            ResponseFormat::Gbnf(text) => {
                small("grammar", text.len())?;
                lark("grammar", &gbnf::to_lark(text).map_err(|e| bad("grammar", &e))?)?
            }
        }))
    }

    /// A constraint to a grammar of our own making.
    ///
    /// # Errors
    /// As [`Self::of_format`], under the name `what`.
    pub fn lark(&self, tokenizer: &Arc<Tokenizer>, what: &str, text: String) -> Result<Constraint> {
        self.build(tokenizer, what, TopLevelGrammar::from_lark(text))
    }

    /// A constraint to compact JSON of `schema`, keys in the order in which the schema names them.
    fn json(&self, tokenizer: &Arc<Tokenizer>, schema: &Value) -> Result<Constraint> {
        let mut schema = schema.clone();
        compact(&mut schema)?;
        self.build(tokenizer, "json_schema", TopLevelGrammar::from_grammar(GrammarWithLexer::from_json_schema(schema)))
    }

    fn build(&self, tokenizer: &Arc<Tokenizer>, what: &str, grammar: TopLevelGrammar) -> Result<Constraint> {
        let matcher = Matcher::new(self.factory(tokenizer)?.create_parser(grammar));
        match matcher.get_error() {
            None => Ok(Constraint(matcher)),
            Some(e) => Err(bad(what, e.lines().next().unwrap_or_default())),
        }
    }

    fn factory(&self, tokenizer: &Arc<Tokenizer>) -> Result<&ParserFactory> {
        if self.0.get().is_none() {
            let tokens: TokEnv = Arc::new(Tokens::new(tokenizer)?);
            let slices = ["[^\"\\\\\\x00-\\x1F\\x7F]{1,30}".to_string()]; // the inside of most strings
            let mut factory =
                ParserFactory::new(&tokens, InferenceCapabilities { ff_tokens: true, ..Default::default() }, &slices)
                    .map_err(|e| EngineError::new("internal", "chat", e.to_string()))?;
            factory.quiet();
            *factory.limits_mut() = ParserLimits { verbose_errors: false, ..Default::default() };
            let _ = self.0.set(factory); // it was empty a moment ago, and no one else can reach it
        }
        self.0.get().ok_or_else(|| EngineError::new("internal", "chat", "no grammar engine".into()))
    }
}

impl Constraint {
    /// Sets the logits of all tokens that may not come next to −∞. A text that may end here leaves the end tokens.
    ///
    /// # Errors
    /// `constraint_failed` when the schema branches more than the parser's limits allow.
    pub fn mask(&mut self, logits: &mut [f32]) -> Result<()> {
        let mask = self.0.compute_mask_or_eos().map_err(failed)?;
        for (id, logit) in (0u32..).zip(logits) {
            if !mask.is_allowed(id) {
                *logit = f32::NEG_INFINITY;
            }
        }
        Ok(())
    }

    /// Takes in the next token.
    ///
    /// # Errors
    /// `constraint_failed` when it may not come here, or a limit was reached.
    pub fn accept(&mut self, token: u32) -> Result<()> {
        self.0.consume_token(token).map_err(failed)
    }

    /// Takes in the tokens that must come next, if the schema leaves no choice, and returns them.
    ///
    /// # Errors
    /// As [`Self::accept`].
    pub fn forced(&mut self) -> Result<Vec<u32>> {
        let tokens = self.0.consume_ff_tokens();
        match self.0.get_error() {
            None => Ok(tokens),
            Some(e) => Err(failed(e)),
        }
    }

    /// Whether the value is complete and nothing can follow.
    pub fn is_done(&self) -> bool {
        self.0.is_stopped()
    }
}

/// Marks a schema for compact JSON.
///
/// # Errors
/// `invalid_request` for what is no object, too large or too deep.
pub(crate) fn compact(schema: &mut Value) -> Result<()> {
    let Some(fields) = schema.as_object_mut() else {
        return Err(bad("json_schema", "it must be an object"));
    };
    // No way in to the grammar engine's own options
    fields.remove("x-guidance");
    if depth(schema) > MAX_DEPTH {
        return Err(bad("json_schema", &format!("it is more than {MAX_DEPTH} levels deep")));
    }
    small("json_schema", schema.to_string().len())?;
    let options = JsonCompileOptions {
        item_separator: ",".into(),
        key_separator: ":".into(),
        whitespace_flexible: false,
        ..Default::default()
    };
    options.apply_to(schema);
    Ok(())
}

/// Levels of a value, as far as they matter.
fn depth(value: &Value) -> usize {
    fn at(value: &Value, level: usize) -> usize {
        if level > MAX_DEPTH {
            return level;
        }
        let below = |all: &mut dyn Iterator<Item = &Value>| all.map(|v| at(v, level + 1)).max().unwrap_or(level);
        match value {
            Value::Array(all) => below(&mut all.iter()),
            Value::Object(all) => below(&mut all.values()),
            _ => level,
        }
    }
    at(value, 0)
}

fn small(what: &str, len: usize) -> Result<()> {
    if len > MAX_SCHEMA { Err(bad(what, &format!("it is longer than {MAX_SCHEMA} bytes"))) } else { Ok(()) }
}

fn bad(what: &str, why: &str) -> EngineError {
    let hint = "Use objects, arrays, enums, strings and numbers with simple limits, or a smaller grammar.";
    EngineError::invalid_request("chat", format!("{what} cannot be enforced: {why}")).hint(hint)
}

fn failed(e: impl std::fmt::Display) -> EngineError {
    let message =
        format!("the grammar could not be followed any further: {}", e.to_string().lines().next().unwrap_or_default());
    EngineError::new("constraint_failed", "chat", message).hint("Simplify the schema or grammar.")
}
