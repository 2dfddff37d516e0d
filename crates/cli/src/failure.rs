//! The one line on stderr, and the exit code.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use kinora_engine::EngineError;
use kinora_engine::openai::ApiError;
use kinora_formats::FormatError;
use kinora_models::ModelError;

/// Why a command was refused or failed: a sentence that says what and what to do, and a code for programs where there is one.
///
/// Every error type converts by `?`, so it is itself none.
#[derive(Debug)]
pub struct Failure {
    code: Option<Cow<'static, str>>,
    message: String,
    /// The reader of our output went away: no failure of ours.
    broken_pipe: bool,
}

/// What a command returns.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure in words, without a code.
    pub fn new(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into(), broken_pipe: false }
    }

    /// Puts where it happened before the message.
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The code for programs, where there is one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether the reader of our output went away.
    pub fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    /// Prints the line.
    pub fn tell(&self) {
        let line: String = self.message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        match &self.code {
            Some(code) => eprintln!("error[{code}]: {line}"),
            None => eprintln!("error: {line}"),
        }
    }

    /// Prints the line and gives the exit code.
    pub fn report(self) -> ExitCode {
        if self.broken_pipe {
            return ExitCode::SUCCESS;
        }
        self.tell();
        ExitCode::FAILURE
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(e: E) -> Self {
        let any: &dyn Any = &e;
        let mut message = e.to_string();
        let mut code = any.downcast_ref::<FormatError>().map(|e| Cow::from(e.code()));
        if let Some(ModelError::Format(e)) = any.downcast_ref() {
            code = Some(e.code().into());
        }
        if let Some(e) = any.downcast_ref::<EngineError>() {
            code = Some(e.code.into());
            message.extend(e.hint.iter().flat_map(|hint| [". ", hint.as_str()]));
        }
        if let Some(e) = any.downcast_ref::<ApiError>() {
            code = Some(e.code.clone().into());
        }
        let io = any.downcast_ref::<std::io::Error>();
        let broken_pipe = io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe);
        Self { code, message, broken_pipe }
    }
}
