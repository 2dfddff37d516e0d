//! Grammars through `llguidance`: Earley parsing over the bytes of tokens.

use std::collections::HashSet;
use std::sync::Arc;

use llguidance::ParserFactory;
use llguidance::api::{ParserLimits, TopLevelGrammar};
use toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};

use crate::{Compiler, Encode, Grammar, Matcher, Result, Tokens, Vocabulary};

/// The longest token that may be used, in bytes; longer ones are spaces and rulers, which JSON does without.
const MAX_TOKEN: usize = 128;

/// Compiles grammars with `llguidance`.
pub struct Guidance;

impl Compiler for Guidance {
    fn vocabulary(&self, tokens: Tokens) -> Result<Box<dyn Vocabulary>> {
        let tokens: TokEnv = Arc::new(Env::new(tokens));
        let slices = ["[^\"\\\\\\x00-\\x1F\\x7F]{1,30}".to_string()]; // the inside of most strings
        let mut factory =
            ParserFactory::new(&tokens, InferenceCapabilities { ff_tokens: true, ..Default::default() }, &slices)
                .map_err(|e| e.to_string())?;
        factory.quiet();
        *factory.limits_mut() = ParserLimits { verbose_errors: false, ..Default::default() };
        Ok(Box::new(factory))
    }
}

/// Our tokens as llguidance sees them.
struct Env {
    trie: TokTrie,
    encode: Encode,
    /// Whether encoding keeps every byte; else forced text is left to the model, token by token.
    exact: bool,
}

impl Env {
    fn new(Tokens { mut words, special, ends, eos, encode }: Tokens) -> Self {
        let sample = "{\"a\":[1,\"b c\"]}";
        let encoded = encode(sample).unwrap_or_default();
        let exact = encoded.iter().filter_map(|id| words.get(*id as usize)).flatten().copied().eq(sample.bytes());
        let special: HashSet<u32> = special.into_iter().collect();
        for (id, word) in (0u32..).zip(&mut words) {
            if special.contains(&id) {
                word.truncate(MAX_TOKEN);
                word.insert(0, TokTrie::SPECIAL_TOKEN_MARKER);
            } else if word.len() > MAX_TOKEN {
                word.clear();
            }
        }
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, eos), &words).with_eos_tokens(&ends);
        Self { trie, encode, exact }
    }
}

impl TokenizerEnv for Env {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, s: &[u8]) -> Vec<TokenId> {
        let encoded = std::str::from_utf8(s).ok().and_then(|text| (self.encode)(text));
        encoded.unwrap_or_else(|| self.trie.greedy_tokenize(s))
    }

    fn tokenize_is_canonical(&self) -> bool {
        self.exact
    }
}

impl Vocabulary for ParserFactory {
    fn compile(&self, grammar: Grammar) -> Result<Box<dyn Matcher>> {
        let grammar = match grammar {
            Grammar::JsonSchema(text) => {
                TopLevelGrammar::from_json_schema(serde_json::from_str(text).map_err(|e| e.to_string())?)
            }
            Grammar::Regex(text) => TopLevelGrammar::from_regex(text),
            Grammar::Lark(text) => TopLevelGrammar::from_lark(text.to_string()),
        };
        let matcher = llguidance::Matcher::new(self.create_parser(grammar));
        match matcher.get_error() {
            None => Ok(Box::new(matcher)),
            Some(e) => Err(first_line(&e)),
        }
    }
}

impl Matcher for llguidance::Matcher {
    fn mask(&mut self) -> Result<Vec<u32>> {
        self.compute_mask_or_eos().map(|mask| mask.as_slice().to_vec()).map_err(|e| first_line(&e.to_string()))
    }

    fn accept(&mut self, token: u32) -> Result<()> {
        self.consume_token(token).map_err(|e| first_line(&e.to_string()))
    }

    fn forced(&mut self) -> Result<Vec<u32>> {
        let tokens = self.consume_ff_tokens();
        match self.get_error() {
            None => Ok(tokens),
            Some(e) => Err(first_line(&e)),
        }
    }

    fn is_done(&self) -> bool {
        self.is_stopped()
    }
}

/// What comes behind the first line is for authors of parsers.
fn first_line(error: &str) -> String {
    error.lines().next().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes as tokens, two words, one special token and the end.
    fn vocabulary() -> Box<dyn Vocabulary> {
        let mut words: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        words.extend([b"the".to_vec(), b"[1".to_vec(), b"<mark>".to_vec(), b"<end>".to_vec()]);
        let encode: Encode = Box::new(|text| Some(text.bytes().map(u32::from).collect()));
        Guidance.vocabulary(Tokens { words, special: vec![258, 259], ends: vec![259], eos: 259, encode }).unwrap()
    }

    fn allowed(matcher: &mut dyn Matcher) -> Vec<u32> {
        let mask = matcher.mask().unwrap();
        (0..260).filter(|id| mask[*id as usize / 32] >> (id % 32) & 1 == 1).collect()
    }

    #[test]
    fn a_schema_lets_in_the_tokens_that_may_come_next_and_takes_in_those_that_must() {
        let schema = r#"{"enum":["a","b"],"x-guidance":{"whitespace_flexible":false}}"#;
        let mut matcher = vocabulary().compile(Grammar::JsonSchema(schema)).unwrap();
        assert_eq!(matcher.forced().unwrap(), [u32::from(b'"')]);
        assert_eq!(allowed(matcher.as_mut()), b"ab".map(u32::from));
        matcher.accept(u32::from(b'b')).unwrap();
        assert!(!matcher.is_done());
        assert_eq!(matcher.forced().unwrap(), [u32::from(b'"')]);
        assert!(matcher.is_done());
        assert_eq!(allowed(matcher.as_mut()), [259]);
    }

    #[test]
    fn a_special_token_is_let_in_nowhere_and_taken_in_nowhere() {
        let mut matcher = vocabulary().compile(Grammar::Regex("(?s:.*)")).unwrap();
        let allowed = allowed(matcher.as_mut());
        assert!(allowed.contains(&256) && allowed.contains(&259) && !allowed.contains(&258), "{allowed:?}");
        assert!(matcher.accept(258).is_err());
    }

    #[test]
    fn what_is_no_grammar_is_refused_in_a_line() {
        let bad = [
            Grammar::JsonSchema("{"),
            Grammar::JsonSchema(r#"{"type":"odd"}"#),
            Grammar::Regex("("),
            Grammar::Lark("x"),
        ];
        for grammar in bad {
            let Err(error) = vocabulary().compile(grammar) else { panic!("{grammar:?} was taken") };
            assert!(!error.is_empty() && error.lines().count() == 1, "{grammar:?}: {error}");
        }
    }
}
