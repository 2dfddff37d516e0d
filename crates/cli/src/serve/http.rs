//! HTTP around the engine's answers: who may ask, and bodies that are pulled.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use kinora_engine::openai::{self, ApiError, Event};

use super::worker::{Answer, Worker};
use crate::failure::{Failure, Outcome};

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 64 << 20;

/// Who may ask.
pub struct Gate {
    address: SocketAddr,
    api_key: Option<String>,
    origins: Vec<HeaderValue>,
}

impl Gate {
    /// `origins`: whose pages may call; `*` for all.
    ///
    /// # Errors
    /// An origin that is none.
    pub fn new(address: SocketAddr, api_key: Option<String>, origins: &[String]) -> Outcome<Self> {
        let origin = |o: &String| {
            HeaderValue::from_str(o.trim_end_matches('/'))
                .map_err(|_| Failure::new(format!("--cors {o}: no origin. Give one such as https://example.org")))
        };
        Ok(Self { address, api_key, origins: origins.iter().map(origin).collect::<Outcome<_>>()? })
    }

    /// The origin of a page that may read the answer.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.origins.iter().any(|o| o == "*" || o == origin).then(|| origin.clone())
    }

    /// # Errors
    /// Why this request is not answered.
    fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
        let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or_default();
        // A page of another site whose name was made to point here (DNS rebinding) gives itself away by its name
        let host = text(header::HOST);
        let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
        if self.address.ip().is_loopback() && !["localhost", "127.0.0.1", "[::1]"].contains(&name) {
            let message = format!("The name {name} is not this machine's. Call http://{}/v1.", self.address);
            return Err(ApiError::new(403, "wrong_host", message));
        }
        if headers.contains_key(header::ORIGIN) && self.allowed(headers).is_none() {
            let origin = text(header::ORIGIN);
            let message = format!("Pages of {origin} may not call. Start kinora serve with --cors {origin}.");
            return Err(ApiError::new(403, "origin_not_allowed", message));
        }
        if let Some(key) = &self.api_key {
            let given = text(header::AUTHORIZATION).strip_prefix("Bearer ").unwrap_or_default();
            if !same(given.as_bytes(), key.as_bytes()) {
                let message =
                    "The API key is missing or wrong. Send Authorization: Bearer KEY with the key of --api-key.";
                return Err(ApiError::new(401, "invalid_api_key", message));
            }
        }
        let json = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
        if method == Method::POST && !json.eq_ignore_ascii_case("application/json") {
            let message = format!("The body is {json:?}. Send JSON with content-type: application/json.");
            return Err(ApiError::new(415, "unsupported_content_type", message));
        }
        Ok(())
    }
}

/// Whether two keys are equal, in a time that does not tell where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// All paths go to the engine, which knows its endpoints.
pub fn router(worker: Worker, gate: Gate) -> Router {
    Router::new().fallback(answer).with_state(worker).layer(from_fn_with_state(Arc::new(gate), guard))
}

/// Lets through who may ask, and says so to browsers.
async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let origin = gate.allowed(request.headers());
    let mut response = if request.method() == Method::OPTIONS && origin.is_some() {
        let allow =
            [(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"), (header::ACCESS_CONTROL_MAX_AGE, "600")];
        let mut response = (StatusCode::NO_CONTENT, allow).into_response();
        if let Some(asked) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        response
    } else {
        match gate.check(request.method(), request.headers()) {
            Ok(()) => next.run(request).await,
            Err(e) => refused(&e),
        }
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("x-kinora-ignored, x-should-retry, retry-after-ms"),
        );
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

async fn answer(State(worker): State<Worker>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, MAX_BODY).await.map(|bytes| String::from_utf8(bytes.into())) {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refused(&ApiError::new(400, "invalid_json", "The body is not UTF-8. Send JSON.")),
        Err(_) => {
            let message = format!("The body was cut short, or is larger than {MAX_BODY} bytes. Send less at once.");
            return refused(&ApiError::new(413, "request_too_large", message));
        }
    };
    let request = openai::Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_string(),
        body,
        ..Default::default()
    };
    let answer = worker.open(request);
    loop {
        match answer.next().await {
            Some(Event::Head { status, headers }) => return with_head(status, headers, pulled(answer)),
            Some(_) => {}
            None => {
                return refused(&ApiError::new(500, "engine_stopped", "The engine stopped. Start kinora serve again."));
            }
        }
    }
}

/// The rest of an answer as a body: a piece is computed when the connection takes it, and a connection that closes drops
/// the answer, which stops its work.
fn pulled(answer: Answer) -> Body {
    Body::from_stream(futures_util::stream::unfold(answer, |answer| async {
        loop {
            match answer.next().await? {
                Event::Body { text } => return Some((Ok::<_, std::convert::Infallible>(Bytes::from(text)), answer)),
                Event::Working | Event::Head { .. } => {}
            }
        }
    }))
}

fn refused(e: &ApiError) -> Response {
    let mut headers = vec![("content-type".to_string(), "application/json".to_string())];
    headers.extend(e.headers().into_iter().map(|(name, value)| (name.to_string(), value)));
    with_head(e.status, headers, Body::from(e.body().to_string()))
}

fn with_head(status: u16, headers: Vec<(String, String)>, body: Body) -> Response {
    let mut response = Response::builder().status(status).header(header::CACHE_CONTROL, "no-store");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    // Ours are all well-formed
    response.body(body).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
