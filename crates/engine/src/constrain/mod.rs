//! Text that must follow a schema or grammar: what may be asked for, and what it means for the next token.

mod gbnf;
mod grammar;
mod schema;
#[cfg(all(test, feature = "constrain"))]
mod tests;

pub(crate) use grammar::{Constraint, GRAMMAR_MISSING, Grammars, SharedVocabulary, linked};
pub(crate) use schema::compact;

use crate::{EngineError, error::Result};

/// The longest schema or grammar, in bytes.
const MAX_SCHEMA: usize = 1 << 20;

fn small(what: &str, len: usize) -> Result<()> {
    if len > MAX_SCHEMA { Err(bad(what, &format!("it is longer than {MAX_SCHEMA} bytes"))) } else { Ok(()) }
}

fn bad(what: &str, why: &str) -> EngineError {
    let hint = "Use objects, arrays, enums, strings and numbers with simple limits, or a smaller grammar.";
    EngineError::invalid_request("chat", format!("{what} cannot be enforced: {why}")).hint(hint)
}
