//! The engine on its own thread: requests come in by a queue, and each answer's pieces are computed when they are asked for.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use kinora_engine::openai::{Event, Exchange, Request, Service};
use kinora_engine::{Abort, Engine};
use tokio::sync::oneshot;

use crate::failure::{Failure, Outcome};

/// Answers in the making at once: they take turns piece by piece, and each holds a conversation in memory.
const PARALLEL: usize = 4;
/// Requests that may wait for their turn.
const QUEUE: usize = 256;

enum Command {
    Open {
        id: u64,
        request: Request,
    },
    /// Asks for the next piece.
    Next {
        id: u64,
        to: oneshot::Sender<Option<Event>>,
    },
    Close {
        id: u64,
    },
}

/// The way to the engine's thread; clones share it.
#[derive(Clone)]
pub struct Worker {
    commands: Sender<Command>,
    next_id: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

/// One answer; dropping it stops its work.
pub struct Answer {
    worker: Worker,
    id: u64,
    abort: Abort,
}

impl Worker {
    /// Starts the thread and waits until `load` has made the engine there.
    ///
    /// # Errors
    /// What `load` refuses.
    pub fn start(load: impl FnOnce() -> Outcome<Engine> + Send + 'static, now: fn() -> u64) -> Outcome<Self> {
        let (commands, inbox) = channel();
        let (ready, loaded) = channel();
        thread::Builder::new().name("engine".into()).spawn(move || match load() {
            Ok(engine) => {
                // Nobody waits any more only where the program ends
                let _ = ready.send(Ok(()));
                Desk::new(Service::new(engine, now)).run(&inbox);
            }
            Err(failure) => {
                let _ = ready.send(Err(failure));
            }
        })?;
        loaded.recv().unwrap_or_else(|_| Err(Failure::new("the engine's thread ended while it was loading")))?;
        Ok(Self { commands, next_id: Default::default() })
    }

    /// Queues a request.
    pub fn open(&self, request: Request) -> Answer {
        let id = self.next_id.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let abort = request.abort.clone();
        // Where the thread is gone, `next` says so
        let _ = self.commands.send(Command::Open { id, request });
        Answer { worker: self.clone(), id, abort }
    }
}

impl Answer {
    /// The next piece; none after the last, or where the engine's thread is gone.
    pub async fn next(&self) -> Option<Event> {
        let (to, reply) = oneshot::channel();
        self.worker.commands.send(Command::Next { id: self.id, to }).ok()?;
        reply.await.ok().flatten()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.abort.abort();
        let _ = self.worker.commands.send(Command::Close { id: self.id });
    }
}

/// What lies on the engine's desk.
struct Desk {
    service: Service,
    open: HashMap<u64, Exchange>,
    waiting: VecDeque<(u64, Request)>,
    /// Who asked for a piece of a request that still waits.
    askers: HashMap<u64, oneshot::Sender<Option<Event>>>,
}

impl Desk {
    fn new(service: Service) -> Self {
        Self { service, open: HashMap::new(), waiting: VecDeque::new(), askers: HashMap::new() }
    }

    fn run(mut self, inbox: &Receiver<Command>) {
        while let Ok(command) = inbox.recv() {
            match command {
                Command::Open { id, .. } if self.waiting.len() >= QUEUE => {
                    self.open.insert(id, self.service.queue_full(QUEUE));
                }
                Command::Open { id, request } => self.waiting.push_back((id, request)),
                Command::Next { id, to } => self.next(id, to),
                Command::Close { id } => {
                    self.open.remove(&id);
                    self.askers.remove(&id);
                    self.waiting.retain(|(waiting, _)| *waiting != id);
                }
            }
            self.admit();
        }
    }

    /// Opens what waits while there is room, and serves who asked for it.
    fn admit(&mut self) {
        while self.open.len() < PARALLEL
            && let Some((id, request)) = self.waiting.pop_front()
        {
            self.open.insert(id, self.service.open(request));
            if let Some(to) = self.askers.remove(&id) {
                self.next(id, to);
            }
        }
    }

    fn next(&mut self, id: u64, to: oneshot::Sender<Option<Event>>) {
        let Some(exchange) = self.open.get_mut(&id) else {
            if self.waiting.iter().any(|(waiting, _)| *waiting == id) {
                self.askers.insert(id, to);
            }
            return;
        };
        let event = pollster::block_on(exchange.next());
        // Whoever asked may have gone meanwhile: `Close` follows
        let _ = to.send(event);
    }
}
