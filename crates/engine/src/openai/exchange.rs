//! One request and its answer, pulled piece by piece.

use kinora_tensor::Abort;
use serde_json::Value;

use super::error::ApiError;
use super::service::Service;

/// What arrives, by `fetch` in a page or by HTTP natively.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// A path or a whole address: what follows its last `/v1/` decides.
    pub path: String,
    /// JSON; empty where the method takes none.
    pub body: String,
    /// Stops the work within 100 ms.
    pub abort: Abort,
}

/// A piece of an answer. The head comes once, before the first piece of the body.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A step of an answer that goes out whole: others may take their turn now.
    Working,
    /// Status and headers, `content-type` among them.
    Head { status: u16, headers: Vec<(String, String)> },
    /// The next bytes of the body.
    Body { text: String },
}

/// What an endpoint makes of a request, a step at a time.
pub(super) trait Answer {
    /// The next step; nothing is computed before it is asked for.
    ///
    /// # Errors
    /// Ends the answer: with its status where nothing was sent yet, else as a last event.
    async fn step(&mut self) -> Result<Step, ApiError>;
}

/// The outcome of a step.
pub(super) enum Step {
    /// More is to be done before there is something to send.
    Working,
    /// Events of a stream; `name` becomes their `event:` line.
    Events(Vec<StreamEvent>),
    /// The whole answer; nothing follows.
    Whole(Value),
    /// The stream is over.
    End,
}

/// One server-sent event.
pub(super) struct StreamEvent {
    pub name: Option<&'static str>,
    pub data: Value,
}

impl StreamEvent {
    /// An event without a name, as chats send them.
    pub fn plain(data: Value) -> Self {
        Self { name: None, data }
    }

    fn text(&self) -> String {
        match self.name {
            Some(name) => format!("event: {name}\ndata: {}\n\n", self.data),
            None => format!("data: {}\n\n", self.data),
        }
    }
}

/// How a stream says that it is over.
const DONE: &str = "data: [DONE]\n\n";

/// The headers of an answer, beside those that its kind brings.
pub(super) type Headers = Vec<(&'static str, String)>;

/// An answer in the making.
pub struct Exchange {
    state: State,
    headers: Headers,
}

enum State {
    /// Grammars cannot be compiled yet; the next step opens it again.
    Waiting(Service, Request),
    /// Nothing was sent yet; the answer goes out whole.
    Whole(Work),
    /// The head of a stream is to be sent.
    Opening(Work),
    Streaming(Work),
    /// These are to be sent, the last first.
    Sending(Vec<Event>),
}

/// The endpoints that take more than a step.
pub(super) enum Work {
    Chat(Box<super::chat::ChatAnswer>),
    Completion(Box<super::completions::CompletionAnswer>),
    Response(Box<super::responses::ResponseAnswer>),
    Embeddings(Box<super::embeddings::EmbeddingAnswer>),
}

impl Work {
    async fn step(&mut self) -> Result<Step, ApiError> {
        match self {
            Self::Chat(a) => a.step().await,
            Self::Completion(a) => a.step().await,
            Self::Response(a) => a.step().await,
            Self::Embeddings(a) => a.step().await,
        }
    }
}

impl Exchange {
    /// An answer that takes work; a stream's head is sent before the first step.
    pub(super) fn of(work: Work, stream: bool, headers: Headers) -> Self {
        Self { state: if stream { State::Opening(work) } else { State::Whole(work) }, headers }
    }

    /// An answer that is there already.
    pub(super) fn ready(answer: Result<Value, ApiError>) -> Self {
        let (status, body, headers) = match answer {
            Ok(body) => (200, body, Vec::new()),
            Err(e) => (e.status, e.body(), e.headers()),
        };
        let mut exchange = Self { state: State::Sending(Vec::new()), headers };
        exchange.state = State::Sending(exchange.json(status, &body));
        exchange
    }

    /// An answer that is opened when grammars can be compiled.
    pub(super) fn waiting(service: Service, request: Request) -> Self {
        Self { state: State::Waiting(service, request), headers: Vec::new() }
    }

    /// Whether the answer needs what compiles grammars, and the engine does not have it: bring it
    /// ([`crate::Engine::set_grammars`]) before the next piece, which is a refusal without it.
    pub fn needs_grammars(&self) -> bool {
        matches!(&self.state, State::Waiting(service, _) if !service.engine().has_grammars())
    }

    /// The next piece, or none after the last. Failures are answers too.
    pub async fn next(&mut self) -> Option<Event> {
        if let State::Waiting(service, request) = &self.state {
            *self = service.open_now(request);
        }
        match std::mem::replace(&mut self.state, State::Sending(Vec::new())) {
            State::Waiting(..) => None, // opened above
            State::Sending(mut events) => {
                let event = events.pop();
                self.state = State::Sending(events);
                event
            }
            State::Opening(work) => {
                self.state = State::Streaming(work);
                Some(self.head(200, "text/event-stream; charset=utf-8"))
            }
            State::Streaming(mut work) => {
                let text = loop {
                    match work.step().await {
                        Ok(Step::Events(events)) if events.is_empty() => {}
                        Ok(Step::Events(events)) => {
                            self.state = State::Streaming(work);
                            break events.iter().map(StreamEvent::text).collect();
                        }
                        Ok(Step::Working) => {}
                        Ok(Step::Whole(_) | Step::End) => break DONE.to_string(),
                        Err(e) => break StreamEvent::plain(e.body()).text(),
                    }
                };
                Some(Event::Body { text })
            }
            State::Whole(mut work) => match work.step().await {
                Ok(Step::Whole(body)) => {
                    self.state = State::Sending(self.json(200, &body));
                    Some(Event::Working)
                }
                Ok(_) => {
                    self.state = State::Whole(work);
                    Some(Event::Working)
                }
                Err(e) => {
                    self.headers = e.headers();
                    self.state = State::Sending(self.json(e.status, &e.body()));
                    Some(Event::Working)
                }
            },
        }
    }

    fn head(&self, status: u16, content_type: &str) -> Event {
        let content_type = ("content-type".to_string(), content_type.to_string());
        let more = self.headers.iter().map(|(name, value)| (name.to_string(), value.clone()));
        Event::Head { status, headers: std::iter::once(content_type).chain(more).collect() }
    }

    /// Head and body of a whole answer, the last first.
    fn json(&self, status: u16, body: &Value) -> Vec<Event> {
        vec![Event::Body { text: body.to_string() }, self.head(status, "application/json")]
    }
}
