//! What a user asks for: chats and films, from loaded models, as streams of events that are pulled.
//!
//! ```no_run
//! # async fn run() -> Result<(), kinora_engine::EngineError> {
//! use kinora_engine::{Device, Engine, ModelFiles, chat::{ChatEvent, ChatRequest, Message}};
//!
//! let files = ModelFiles { text: std::fs::read("kinora-text.gguf").unwrap_or_default(), ..Default::default() };
//! let engine = Engine::load(files, Device::cpu(4))?;
//! let messages = vec![Message::user("Write a script: a shy robot finds a flower in the snow")];
//! let mut answer = engine.chat(ChatRequest { messages, ..Default::default() })?;
//! while let Some(event) = answer.next().await? {
//!     if let ChatEvent::Delta { text, .. } = event {
//!         print!("{text}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub mod chat;
mod clock;
mod constrain;
mod encoder;
mod engine;
mod error;
pub mod film;
mod loading;
mod memory;
pub mod openai;
mod recovery;
pub mod sampling;
pub mod scheduler;
mod summary;
mod video;

pub use encoder::Embedding;
pub use engine::{EMBEDDED, Engine, ModelFiles, ModelInfo};
pub use error::EngineError;
pub use kinora_models::text::CacheType;
pub use kinora_tensor::{Abort, Device};
pub use loading::ModelLoading;
pub use memory::{Estimate, TextOptions};
pub use summary::{Kind, TextSummary};
pub use video::VideoModels;
