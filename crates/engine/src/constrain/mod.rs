//! Text that must follow a schema or grammar: which tokens may come next, and which must.

#[cfg(feature = "constrain")]
mod gbnf;
#[cfg(feature = "constrain")]
mod grammar;
#[cfg(all(test, feature = "constrain"))]
mod tests;

#[cfg(feature = "constrain")]
pub(crate) use grammar::{Constraint, Grammars, compact};

#[cfg(not(feature = "constrain"))]
pub(crate) use absent::{Constraint, Grammars, compact};

/// A build without grammars: the same names, and every schema is refused.
#[cfg(not(feature = "constrain"))]
mod absent {
    use std::sync::Arc;

    use kinora_formats::Tokenizer;
    use serde_json::Value;

    use crate::chat::ResponseFormat;
    use crate::{EngineError, error::Result};

    #[derive(Default)]
    pub(crate) struct Grammars;

    pub(crate) enum Constraint {}

    fn cannot<T>() -> Result<T> {
        let message = "this build of the engine cannot enforce a schema or grammar".to_string();
        Err(EngineError::new("unsupported", "chat", message).hint("Leave it out, or take the full build."))
    }

    pub(crate) fn compact(_: &mut Value) -> Result<()> {
        cannot()
    }

    impl Grammars {
        pub fn of_format(&self, _: &Arc<Tokenizer>, format: &ResponseFormat) -> Result<Option<Constraint>> {
            if *format == ResponseFormat::Text { Ok(None) } else { cannot() }
        }

        pub fn lark(&self, _: &Arc<Tokenizer>, _: &str, _: String) -> Result<Constraint> {
            cannot()
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
