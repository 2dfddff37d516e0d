//! Refusals and failures in the shape of the OpenAI API.

use serde_json::{Value, json};

use crate::EngineError;

/// `Result` with [`ApiError`].
pub type Result<T> = std::result::Result<T, ApiError>;

/// `{ error: { message, type, param, code } }` and its status. The message ends with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status, 400 to 507.
    pub status: u16,
    /// Stable name for programs, such as `unsupported_parameter`.
    pub code: String,
    /// The field at fault, as a path: `messages[0].content`.
    pub param: Option<String>,
    /// What is wrong and what to do, in sentences.
    pub message: String,
}

impl ApiError {
    /// An error without a field.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_string(), param: None, message: message.into() }
    }

    /// A field that this endpoint does not know or does not honour.
    pub fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::new(400, "unsupported_parameter", message) }
    }

    /// A field whose value cannot be.
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::new(400, "invalid_value", message) }
    }

    /// A field without which there is nothing to do.
    pub fn missing(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::new(400, "missing_required_parameter", message) }
    }

    /// The same refusal, told of the field of the API that led to it.
    pub fn of(mut self, param: &str) -> Self {
        self.param.get_or_insert_with(|| param.to_string());
        self
    }

    /// The API's word for the kind of error.
    fn kind(&self) -> &'static str {
        match self.status {
            401 => "authentication_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        }
    }

    /// The body of the answer, and of the last event of a stream that fails late.
    pub fn body(&self) -> Value {
        let Self { code, param, message, .. } = self;
        json!({ "error": { "message": message, "type": self.kind(), "param": param, "code": code } })
    }

    /// The headers beside `content-type`. The same request gives the same error, so clients are told not to repeat it.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match self.status {
            503 => vec![("retry-after-ms", "1000".into())],
            _ => vec![("x-should-retry", "false".into())],
        }
    }
}

/// Statuses of the engine's codes; what is not named is a failure of ours.
const STATUS: [(&str, u16); 11] = [
    ("invalid_request", 400),
    ("context_length_exceeded", 400),
    ("unsupported", 400),
    ("schema_unsupported", 400),
    ("constraint_refused", 400),
    ("model_missing", 404),
    ("model_not_found", 404),
    ("aborted", 499),
    ("queue_full", 503),
    ("grammar_missing", 503),
    ("out_of_memory", 507),
];

impl From<EngineError> for ApiError {
    fn from(e: EngineError) -> Self {
        let status = STATUS.iter().find(|(code, _)| *code == e.code).map_or(500, |(_, status)| *status);
        let mut message = e.message;
        if let Some(hint) = e.hint {
            message = format!("{}. {hint}", message.trim_end_matches('.'));
        }
        Self::new(status, e.code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_engine_keeps_its_code_and_its_remedy() {
        let e = EngineError::new("context_length_exceeded", "chat", "9 tokens, at most 8".into()).hint("Shorten it.");
        let e = ApiError::from(e);
        assert_eq!(e.status, 400);
        assert_eq!(
            e.body(),
            json!({ "error": { "message": "9 tokens, at most 8. Shorten it.", "type": "invalid_request_error",
                "param": null, "code": "context_length_exceeded" } })
        );
        assert_eq!(e.headers(), [("x-should-retry", "false".to_string())]);
        let full = ApiError::new(503, "queue_full", "");
        assert!(full.headers().iter().all(|(name, _)| *name != "x-should-retry"), "503 may be tried again");
        assert_eq!(
            ApiError::from(EngineError::new("device_lost", "chat", String::new())).body()["error"]["type"],
            "server_error"
        );
    }
}
