//! What compiles grammars, as a module that a page fetches when the first is asked for. The engine calls it through
//! JavaScript: `crates/wasm/src/grammar.rs` is the other side. Errors are strings.

use js_sys::Function;
use kinora_grammar::{Compiler, Grammar, Guidance, Result, Tokens};
use wasm_bindgen::{JsCast, prelude::*};

/// Runs when this module is started.
#[wasm_bindgen(start)]
pub fn start() {
    kinora_panic_hook::install();
}

/// The tokens that texts are made of.
#[wasm_bindgen]
pub struct Vocabulary(Box<dyn kinora_grammar::Vocabulary>);

/// A grammar, and a text as far as it is written.
#[wasm_bindgen]
pub struct Matcher(Box<dyn kinora_grammar::Matcher>);

/// A vocabulary of the words in `bytes`, one after the other, of these `lengths`; other arguments as in
/// [`kinora_grammar::Tokens`]. `encode`: text to a `Uint32Array`, or `undefined`.
#[wasm_bindgen]
pub fn vocabulary(
    bytes: &[u8],
    lengths: &[u32],
    special: Vec<u32>,
    ends: Vec<u32>,
    eos: u32,
    encode: Function,
) -> Result<Vocabulary> {
    let mut rest = bytes;
    let word = |length: &u32| {
        let (word, behind) = rest.split_at_checked(*length as usize)?;
        rest = behind;
        Some(word.to_vec())
    };
    let words = lengths.iter().map(word).collect::<Option<Vec<_>>>().ok_or("the words are cut short")?;
    let encode = move |text: &str| {
        let tokens = encode.call1(&JsValue::UNDEFINED, &text.into()).ok()?;
        Some(tokens.dyn_into::<js_sys::Uint32Array>().ok()?.to_vec())
    };
    let tokens = Tokens { words, special, ends, eos, encode: Box::new(encode) };
    Ok(Vocabulary(Guidance.vocabulary(tokens)?))
}

#[wasm_bindgen]
impl Vocabulary {
    /// As [`kinora_grammar::Vocabulary::compile`], of a JSON schema.
    pub fn json_schema(&self, text: &str) -> Result<Matcher> {
        self.0.compile(Grammar::JsonSchema(text)).map(Matcher)
    }

    /// The same, of a regular expression.
    pub fn regex(&self, text: &str) -> Result<Matcher> {
        self.0.compile(Grammar::Regex(text)).map(Matcher)
    }

    /// The same, of a grammar in llguidance's form of Lark.
    pub fn lark(&self, text: &str) -> Result<Matcher> {
        self.0.compile(Grammar::Lark(text)).map(Matcher)
    }
}

#[wasm_bindgen]
impl Matcher {
    /// As [`kinora_grammar::Matcher::mask`].
    pub fn mask(&mut self) -> Result<Vec<u32>> {
        self.0.mask()
    }

    /// As [`kinora_grammar::Matcher::accept`].
    pub fn accept(&mut self, token: u32) -> Result<()> {
        self.0.accept(token)
    }

    /// As [`kinora_grammar::Matcher::forced`].
    pub fn forced(&mut self) -> Result<Vec<u32>> {
        self.0.forced()
    }

    /// As [`kinora_grammar::Matcher::is_done`].
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }
}
