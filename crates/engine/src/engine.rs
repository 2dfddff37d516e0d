//! The models of a session on their device, and what can be asked of them.

use std::rc::Rc;

use kinora_formats::SafeTensorsFile;
use kinora_models::video::{motion::Motion, paint::Painter, refine::Refiner};
use kinora_tensor::Device;

use crate::chat::{ChatRequest, ChatStream, TextModel};
use crate::film::{FilmRequest, FilmStream};
use crate::{EngineError, error::Result};

/// The bytes of the model files. Without `motion` and `paint` there are chats and no films; without `refine` films stay as
/// they are painted.
#[derive(Default)]
pub struct ModelFiles {
    /// GGUF.
    pub text: Vec<u8>,
    /// Safetensors, as the others.
    pub motion: Option<Vec<u8>>,
    pub paint: Option<Vec<u8>>,
    pub refine: Option<Vec<u8>>,
}

/// The networks that make a film from a storyboard.
pub struct VideoModels {
    pub painter: Painter,
    pub motion: Motion,
    pub refiner: Option<Refiner>,
}

/// The models of a session. Cloning is cheap and shares them.
#[derive(Clone)]
pub struct Engine(Rc<Inner>);

struct Inner {
    device: Device,
    text: Option<TextModel>,
    video: Option<VideoModels>,
}

impl Engine {
    /// Loads the models on `device`. Empty `text` leaves the text model out.
    ///
    /// # Errors
    /// `model_refused` with what is wrong with which file, `out_of_memory`, `device_lost`.
    pub fn load(files: ModelFiles, device: Device) -> Result<Self> {
        let named = |name: &'static str| {
            move |e: EngineError| EngineError { message: format!("the {name} model: {}", e.message), ..e.at("load") }
        };
        let text = match files.text {
            bytes if bytes.is_empty() => None,
            bytes => Some(TextModel::load(bytes, &device).map_err(named("text"))?),
        };
        let open = |bytes| Ok::<_, EngineError>(SafeTensorsFile::from_bytes(bytes)?);
        let refiner = |bytes| open(bytes).and_then(|f| Ok(Refiner::load(&f, &device)?)).map_err(named("refine"));
        let video = match (files.paint, files.motion) {
            (Some(paint), Some(motion)) => Some(VideoModels {
                refiner: files.refine.map(refiner).transpose()?,
                painter: open(paint).and_then(|f| Ok(Painter::load(&f, &device)?)).map_err(named("paint"))?,
                motion: open(motion).and_then(|f| Ok(Motion::load(&f, &device)?)).map_err(named("motion"))?,
            }),
            _ => None,
        };
        device.reset_arena();
        Ok(Self(Rc::new(Inner { device, text, video })))
    }

    /// Where the models run.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// Opens the assistant's next turn; nothing is computed until [`ChatStream::next`].
    ///
    /// # Errors
    /// `invalid_request`, `context_length_exceeded` with the numbers, `model_missing`, `unsupported`.
    pub fn chat(&self, request: ChatRequest) -> Result<ChatStream> {
        ChatStream::open(self, request)
    }

    /// Opens a film; nothing is computed until [`FilmStream::next`].
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub fn film(&self, request: FilmRequest) -> Result<FilmStream> {
        FilmStream::open(self, request)
    }

    /// Tokens that a conversation and its answer may take together; 0 without a text model.
    pub fn context(&self) -> usize {
        self.0.text.as_ref().map_or(0, |t| t.context)
    }

    /// The networks for films.
    ///
    /// # Errors
    /// `model_missing` when they were not loaded.
    pub fn video(&self) -> Result<&VideoModels> {
        self.0.video.as_ref().ok_or_else(|| missing("film", "the motion and paint models"))
    }

    pub(crate) fn text(&self) -> Result<&TextModel> {
        self.0.text.as_ref().ok_or_else(|| missing("chat", "the text model"))
    }
}

fn missing(stage: &'static str, what: &str) -> EngineError {
    let hint = "Load all embedded models, or give their files to Engine::load.";
    EngineError::new("model_missing", stage, format!("{what} was not loaded")).hint(hint)
}
