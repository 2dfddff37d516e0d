//! What compiles grammars, in a module of its own that the page has fetched: its exports (`crates/grammar-wasm`), called
//! through JavaScript.

use js_sys::Uint32Array;
use kinora_grammar::{Compiler, Grammar, Matcher, Tokens, Vocabulary};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The module's exports.
    pub type GrammarModule;
    #[wasm_bindgen(method, catch)]
    fn vocabulary(
        this: &GrammarModule,
        bytes: &[u8],
        lengths: &[u32],
        special: &[u32],
        ends: &[u32],
        eos: u32,
        encode: &Closure<dyn Fn(String) -> Option<Vec<u32>>>,
    ) -> Result<JsVocabulary, JsValue>;

    type JsVocabulary;
    #[wasm_bindgen(method, catch)]
    fn json_schema(this: &JsVocabulary, text: &str) -> Result<JsMatcher, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn regex(this: &JsVocabulary, text: &str) -> Result<JsMatcher, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn lark(this: &JsVocabulary, text: &str) -> Result<JsMatcher, JsValue>;
    #[wasm_bindgen(method)]
    fn free(this: &JsVocabulary);

    type JsMatcher;
    #[wasm_bindgen(method, catch)]
    fn mask(this: &JsMatcher) -> Result<Uint32Array, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn accept(this: &JsMatcher, token: u32) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn forced(this: &JsMatcher) -> Result<Uint32Array, JsValue>;
    #[wasm_bindgen(method)]
    fn is_done(this: &JsMatcher) -> bool;
    #[wasm_bindgen(method, js_name = free)]
    fn free_matcher(this: &JsMatcher);
}

/// A vocabulary in the module, which encodes forced text through the engine.
struct Remote {
    vocabulary: JsVocabulary,
    _encode: Closure<dyn Fn(String) -> Option<Vec<u32>>>,
}

/// A matcher in the module.
struct RemoteMatcher(JsMatcher);

/// The module's errors are texts; what it throws else is told as JavaScript shows it.
fn told(error: JsValue) -> String {
    error.as_string().unwrap_or_else(|| format!("{error:?}"))
}

impl Compiler for GrammarModule {
    fn vocabulary(&self, tokens: Tokens) -> Result<Box<dyn Vocabulary>, String> {
        let Tokens { words, special, ends, eos, encode } = tokens;
        let lengths: Vec<u32> = words.iter().map(|word| word.len() as u32).collect();
        let encode = Closure::new(move |text: String| encode(&text));
        let vocabulary = Self::vocabulary(self, &words.concat(), &lengths, &special, &ends, eos, &encode);
        Ok(Box::new(Remote { vocabulary: vocabulary.map_err(told)?, _encode: encode }))
    }
}

impl Vocabulary for Remote {
    fn compile(&self, grammar: Grammar) -> Result<Box<dyn Matcher>, String> {
        let matcher = match grammar {
            Grammar::JsonSchema(text) => self.vocabulary.json_schema(text),
            Grammar::Regex(text) => self.vocabulary.regex(text),
            Grammar::Lark(text) => self.vocabulary.lark(text),
        };
        Ok(Box::new(RemoteMatcher(matcher.map_err(told)?)))
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.vocabulary.free();
    }
}

impl Matcher for RemoteMatcher {
    fn mask(&mut self) -> Result<Vec<u32>, String> {
        self.0.mask().map(|mask| mask.to_vec()).map_err(told)
    }

    fn accept(&mut self, token: u32) -> Result<(), String> {
        self.0.accept(token).map_err(told)
    }

    fn forced(&mut self) -> Result<Vec<u32>, String> {
        self.0.forced().map(|tokens| tokens.to_vec()).map_err(told)
    }

    fn is_done(&self) -> bool {
        self.0.is_done()
    }
}

impl Drop for RemoteMatcher {
    fn drop(&mut self) {
        self.0.free_matcher();
    }
}
