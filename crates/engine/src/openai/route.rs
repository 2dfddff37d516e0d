//! Which endpoint a method and a path name.

use super::error::{ApiError, Result};

/// What can be asked, with the id where the path holds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    ChatCompletions,
    Completions,
    Responses,
    Response { id: String, delete: bool },
    Embeddings,
    Models,
    Model { id: String, delete: bool },
}

/// All that is served, as the answer 404 lists it.
const SERVED: [&str; 9] = [
    "POST chat/completions",
    "POST completions",
    "POST responses",
    "GET responses/{id}",
    "DELETE responses/{id}",
    "POST embeddings",
    "GET models",
    "GET models/{id}",
    "DELETE models/{id}",
];

/// Finds the endpoint by the method and the path after the last `/v1/`; origin and query do not matter.
///
/// # Errors
/// 404 with what is served, 405 for a served path under another method.
pub fn route(method: &str, path: &str) -> Result<Endpoint> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.rsplit_once("/v1/").map_or(path, |(_, rest)| rest).trim_matches('/');
    let method = method.to_ascii_uppercase();
    let delete = method == "DELETE";
    let id = |id: &str| percent_decoded(id);
    match (method.as_str(), path.split_once('/').unwrap_or((path, ""))) {
        ("POST", ("chat", "completions")) => Ok(Endpoint::ChatCompletions),
        ("POST", ("completions", "")) => Ok(Endpoint::Completions),
        ("POST", ("responses", "")) => Ok(Endpoint::Responses),
        ("GET" | "DELETE", ("responses", rest)) if !rest.is_empty() && !rest.contains('/') => {
            Ok(Endpoint::Response { id: id(rest), delete })
        }
        ("POST", ("embeddings", "")) => Ok(Endpoint::Embeddings),
        ("GET", ("models", "")) => Ok(Endpoint::Models),
        // Names of models hold slashes
        ("GET" | "DELETE", ("models", rest)) if !rest.is_empty() => Ok(Endpoint::Model { id: id(rest), delete }),
        _ => {
            let message = format!("There is no {method} {path}. Served under /v1/ are: {}.", SERVED.join(", "));
            let served = SERVED.iter().any(|s| s.split_once(' ').is_some_and(|(_, p)| p == path));
            match served {
                true => Err(ApiError::new(405, "method_not_allowed", message)),
                false => Err(ApiError::new(404, "not_found", message)),
            }
        }
    }
}

/// `%2F` and its like become bytes; what is not UTF-8 then stays as it was.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_after_the_last_v1_decides() {
        assert_eq!(route("POST", "http://kinora/v1/chat/completions"), Ok(Endpoint::ChatCompletions));
        assert_eq!(route("post", "https://x/a/v1/b/v1/completions?x=1"), Ok(Endpoint::Completions));
        assert_eq!(route("GET", "/v1/models/"), Ok(Endpoint::Models));
        let model = |id: &str, delete| Ok(Endpoint::Model { id: id.into(), delete });
        assert_eq!(route("GET", "/v1/models/org%2Fname"), model("org/name", false));
        assert_eq!(route("DELETE", "/v1/models/org/name"), model("org/name", true));
        assert_eq!(route("GET", "/v1/models/100%"), model("100%", false));
        assert_eq!(route("GET", "/v1/responses/resp_1"), Ok(Endpoint::Response { id: "resp_1".into(), delete: false }));
    }

    #[test]
    fn what_is_not_served_is_answered_with_what_is() {
        let e = route("POST", "/v1/images/generations").unwrap_err();
        assert_eq!((e.status, e.code.as_str()), (404, "not_found"));
        assert!(e.message.contains("POST chat/completions") && e.message.contains("DELETE models/{id}"));
        assert_eq!(route("GET", "/v1/chat/completions").unwrap_err().status, 405);
        assert_eq!(route("GET", "/v1/responses/a/b").unwrap_err().status, 404);
    }
}
