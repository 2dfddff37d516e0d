//! Text that must be JSON of a schema: which tokens may come next, and which must.

#[cfg(feature = "constrain")]
mod grammar;
#[cfg(all(test, feature = "constrain"))]
mod tests;

#[cfg(feature = "constrain")]
pub(crate) use grammar::{Constraint, Grammars};

#[cfg(not(feature = "constrain"))]
pub(crate) use absent::{Constraint, Grammars};

/// A build without grammars: the same names, and every schema is refused.
#[cfg(not(feature = "constrain"))]
mod absent {
    use std::sync::Arc;

    use kinora_formats::Tokenizer;
    use serde_json::Value;

    use crate::{EngineError, error::Result};

    #[derive(Default)]
    pub(crate) struct Grammars;

    pub(crate) enum Constraint {}

    impl Grammars {
        pub fn json(&self, _: &Arc<Tokenizer>, _: &Value) -> Result<Constraint> {
            let message = "this build of the engine cannot enforce a JSON schema or a grammar".to_string();
            Err(EngineError::new("unsupported", "chat", message).hint("Leave out json_schema, or take the full build."))
        }
    }

    impl Grammars {
        pub fn lark(&self, tokenizer: &Arc<Tokenizer>, _: &str) -> Result<Constraint> {
            self.json(tokenizer, &Value::Null)
        }
    }

    impl Constraint {
        pub fn mask(&mut self, _: &mut [f32]) -> Result<()> {
            match *self {}
        }

        pub fn accept(&mut self, _: u32) -> Result<()> {
            match *self {}
        }

        pub fn forced(&mut self) -> Result<Vec<u32>> {
            match *self {}
        }

        pub fn is_done(&self) -> bool {
            match *self {}
        }
    }
}
