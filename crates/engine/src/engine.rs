//! The models of a session on their device, and what can be asked of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use kinora_formats::config::is_encoder;
use kinora_formats::{Gguf, GgufFile, SafeTensorsFile};
use kinora_models::video::{motion::Motion, paint::Painter, refine::Refiner};
use kinora_tensor::{Abort, Device, TensorError};

use crate::chat::{AdapterInfo, Adapters, ChatRequest, ChatStream, CompletionRequest, Prompt, TextModel};
use crate::encoder::{Embedding, EncoderModel};
use crate::film::{FilmRequest, FilmStream};
use crate::memory::{Budget, Estimate, TextOptions};
use crate::recovery::Recovery;
use crate::{EngineError, error::Result};

/// The name of the embedded text model.
pub const EMBEDDED: &str = "kinora-text";

/// The bytes of the model files. Without `motion` and `paint` there are chats and no films; without `refine` films stay as
/// they are painted.
#[derive(Default)]
pub struct ModelFiles {
    /// GGUF.
    pub text: Vec<u8>,
    pub text_options: TextOptions,
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

/// A model that makes text or vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    pub name: String,
    /// `general.architecture` of its file.
    pub architecture: String,
    /// The block type of most weights.
    pub quantization: &'static str,
    /// Number of weights.
    pub parameters: u64,
    /// Tokens that it reads at most.
    pub context: usize,
    /// How keys and values are kept: `f32`, `f16` or `q8_0`; `None` for what keeps none.
    pub kv_cache: Option<&'static str>,
    /// Bytes of the weights.
    pub bytes: u64,
    /// Length of its vectors.
    pub embedding: usize,
    /// Whether it writes text.
    pub writes: bool,
    /// What changes it where a request says so.
    pub adapters: Vec<AdapterInfo>,
}

/// The models of a session. Cloning is cheap and shares them.
#[derive(Clone)]
pub struct Engine(Rc<Inner>);

struct Inner {
    device: Device,
    /// By name; the embedded one is [`EMBEDDED`].
    texts: RefCell<BTreeMap<String, Rc<TextModel>>>,
    encoders: RefCell<BTreeMap<String, Rc<EncoderModel>>>,
    video: Option<VideoModels>,
    recovery: Recovery,
    budget: Rc<Budget>,
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
        let (budget, options) = (Rc::<Budget>::default(), files.text_options);
        let texts = match files.text {
            bytes if bytes.is_empty() => BTreeMap::new(),
            bytes => {
                let file = GgufFile::from_bytes(bytes).map_err(EngineError::from);
                let text =
                    file.and_then(|file| TextModel::load(&file, &device, options, &budget)).map_err(named("text"))?;
                BTreeMap::from([(EMBEDDED.to_string(), Rc::new(text))])
            }
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
        let (texts, encoders) = (RefCell::new(texts), RefCell::default());
        Ok(Self(Rc::new(Inner { device, texts, encoders, video, recovery: Recovery::default(), budget })))
    }

    /// Where the models were loaded. Text models move to another where it was lost: an answer's end says where it ran.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// Bytes of the CPU's memory that weights and conversations of text models may take together; no limit is set where nobody
    /// calls this. What goes beyond is refused with `out_of_memory`, before it is tried. A graphics adapter tells no limit: there
    /// an allocation fails.
    pub fn set_memory_limit(&self, bytes: Option<u64>) {
        self.0.budget.set_limit(bytes);
    }

    /// What a text model would take, by the header of its file, and whether it fits where there are `memory` bytes. `others`:
    /// bytes of the other parts of a split file, whose first part has the header.
    ///
    /// # Errors
    /// `model_refused` for what the engine does not run, `invalid_request` for options that the model does not allow.
    pub fn estimate(header: &Gguf, options: &TextOptions, memory: Option<u64>, others: u64) -> Result<Estimate> {
        Estimate::of(header, options, memory, others)
    }

    /// How another device is opened when one is lost in an answer, which then goes on there. `open` gets the number of the
    /// attempt: for 0 and 1 it should give a GPU, for 2 the CPU, which is what happens without this call.
    pub fn on_device_lost<F>(&self, open: impl Fn(usize) -> F + 'static)
    where
        F: Future<Output = std::result::Result<Device, TensorError>> + 'static,
    {
        self.0.recovery.set(open);
    }

    /// `lost` on another device; requests from now on get that one.
    ///
    /// # Errors
    /// `device_lost`, `out_of_memory`: what the last attempt met.
    pub(crate) async fn recover(&self, lost: &Rc<TextModel>) -> Result<Rc<TextModel>> {
        // Another answer may have met the loss before.
        if let Some(again) = lost.successor() {
            return Ok(again);
        }
        let again = Rc::new(self.0.recovery.reload(lost).await?);
        lost.set_successor(&again);
        for text in self.0.texts.borrow_mut().values_mut().filter(|text| Rc::ptr_eq(text, lost)) {
            *text = again.clone();
        }
        Ok(again)
    }

    /// Opens the assistant's next turn; nothing is computed until [`ChatStream::next`].
    ///
    /// # Errors
    /// `invalid_request`, `context_length_exceeded` with the numbers, `model_missing`, `unsupported`.
    pub fn chat(&self, request: ChatRequest) -> Result<ChatStream> {
        ChatStream::open(self, request)
    }

    /// Opens the continuation of a text; nothing is computed until [`ChatStream::next`].
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub fn complete(&self, request: CompletionRequest) -> Result<ChatStream> {
        ChatStream::complete(self, request)
    }

    /// What is kept of a conversation that was answered, as bytes for [`Self::restore_session`]: the request's messages,
    /// tools and model tell which; the rest of it does not matter. It is about as large as the memory of these tokens.
    ///
    /// # Errors
    /// `invalid_request` where nothing is kept of it, `model_not_found`, `device_lost`.
    pub async fn save_session(&self, request: &ChatRequest) -> Result<Vec<u8>> {
        let model = self.text(request.model.as_deref())?;
        let (prompt, _) = model.prompt(request)?;
        model.save(&prompt, &model.adapters_of(&request.adapters)?).await
    }

    /// Keeps a saved conversation for the next request that begins like it, which then reads only what is new; returns how
    /// many tokens are known.
    ///
    /// # Errors
    /// `invalid_request` for bytes that are damaged, something else, or of another model or version;
    /// `context_length_exceeded`, `model_not_found`, `out_of_memory`.
    pub fn restore_session(&self, model: Option<&str>, adapters: &[(String, f32)], bytes: &[u8]) -> Result<usize> {
        let model = self.text(model)?;
        model.restore(bytes, &model.adapters_of(adapters)?)
    }

    /// A text as a vector: of an encoder, or the pooled states of a text model.
    ///
    /// # Errors
    /// `model_not_found`, `context_length_exceeded`, `invalid_request` for tokens that are none, `aborted`.
    pub async fn embed(&self, model: Option<&str>, input: &Prompt, abort: &Abort) -> Result<Embedding> {
        self.device().turn(abort).await?;
        let encoder = model.and_then(|name| self.0.encoders.borrow().get(name).cloned());
        let embedding = match encoder {
            Some(model) => {
                let tokens = match input {
                    Prompt::Text(text) => model.tokenizer.encode_framed(text, false)?,
                    Prompt::Tokens(tokens) => tokens.clone(),
                };
                let most = model.encoder.config().context;
                if tokens.len() > most {
                    let n = tokens.len();
                    let message = format!("the text is {n} tokens long, and the model reads at most {most}");
                    return Err(EngineError::new("context_length_exceeded", "embed", message).hint("Shorten it."));
                }
                Embedding { vector: model.encoder.embed(&tokens).await?, tokens: tokens.len() }
            }
            None => {
                let model = self.text(model)?;
                let tokens = match input {
                    Prompt::Text(text) => model.tokens(text)?,
                    Prompt::Tokens(tokens) => tokens.clone(),
                };
                model.check_length(&tokens)?;
                model.adapt(&Adapters::default())?;
                Embedding { vector: model.llama.embed(&tokens).await?, tokens: tokens.len() }
            }
        };
        self.device().reset_arena();
        Ok(embedding)
    }

    /// All models that make text or vectors, by name.
    pub fn models(&self) -> Vec<ModelInfo> {
        let text = |(name, m): (&String, &Rc<TextModel>)| ModelInfo {
            name: name.clone(),
            architecture: m.about.architecture.clone(),
            quantization: m.about.quantization,
            parameters: m.about.parameters,
            context: m.context,
            kv_cache: Some(m.cache_type().name()),
            bytes: m.bytes,
            embedding: m.llama.config().n_embd,
            writes: true,
            adapters: m.adapters(),
        };
        let encoder = |(name, m): (&String, &Rc<EncoderModel>)| ModelInfo {
            name: name.clone(),
            architecture: m.about.architecture.clone(),
            quantization: m.about.quantization,
            parameters: m.about.parameters,
            context: m.encoder.config().context,
            kv_cache: None,
            bytes: m.bytes,
            embedding: m.encoder.config().n_embd,
            writes: false,
            adapters: Vec::new(),
        };
        let (texts, encoders) = (self.0.texts.borrow(), self.0.encoders.borrow());
        texts.iter().map(text).chain(encoders.iter().map(encoder)).collect()
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
        self.0.texts.borrow().get(EMBEDDED).map_or(0, |t| t.context)
    }

    /// The networks for films.
    ///
    /// # Errors
    /// `model_missing` when they were not loaded.
    pub fn video(&self) -> Result<&VideoModels> {
        self.0.video.as_ref().ok_or_else(|| missing("film", "the motion and paint models"))
    }

    /// Adds a text model, which requests may then ask for by `name`; one of that name makes room. Its tensors are read out
    /// of the file one at a time.
    ///
    /// # Errors
    /// `model_refused` with what is wrong with the file, `invalid_request` for options that it does not allow, `out_of_memory`
    /// with the longest context that fits.
    pub fn add_text_model(&self, name: &str, file: &GgufFile, options: TextOptions) -> Result<()> {
        if name.is_empty() || name == EMBEDDED {
            let message = format!("a model cannot be called {name:?}: that is the embedded one");
            return Err(EngineError::invalid_request("load", message));
        }
        // The one before goes first: there may not be room for both.
        self.remove_text_model(name);
        let device = self.0.recovery.newest().unwrap_or_else(|| self.device().clone());
        if is_encoder(file.gguf()) {
            let encoder = EncoderModel::load(file, &device, &self.0.budget).map_err(|e| e.at("load"))?;
            device.reset_arena();
            self.0.encoders.borrow_mut().insert(name.to_string(), Rc::new(encoder));
            return Ok(());
        }
        let text = TextModel::load(file, &device, options, &self.0.budget).map_err(|e| e.at("load"))?;
        device.reset_arena();
        self.0.texts.borrow_mut().insert(name.to_string(), Rc::new(text));
        Ok(())
    }

    /// Takes a text model out. Answers that it is writing go on to their end. The embedded one stays.
    pub fn remove_text_model(&self, name: &str) {
        if name != EMBEDDED {
            self.0.texts.borrow_mut().remove(name);
            self.0.encoders.borrow_mut().remove(name);
        }
    }

    /// Bytes of the weights of all text models, as their files store them.
    pub fn text_bytes(&self) -> u64 {
        let encoders = self.0.encoders.borrow();
        self.0.texts.borrow().values().map(|text| text.bytes).chain(encoders.values().map(|e| e.bytes)).sum()
    }

    /// The text model of that name, or the embedded one.
    ///
    /// # Errors
    /// `model_missing` without an embedded one, `model_not_found` with the names that there are.
    pub(crate) fn text(&self, name: Option<&str>) -> Result<Rc<TextModel>> {
        let texts = self.0.texts.borrow();
        if let Some(text) = texts.get(name.unwrap_or(EMBEDDED)) {
            return Ok(text.clone());
        }
        let Some(name) = name else { return Err(missing("chat", "the text model")) };
        if self.0.encoders.borrow().contains_key(name) {
            let message = format!("{name} makes vectors of texts, and writes none");
            return Err(EngineError::invalid_request("chat", message).hint("Ask it for embeddings."));
        }
        let there = texts.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("there is no model {name:?}; loaded are: {there}");
        Err(EngineError::new("model_not_found", "chat", message).hint("Load it first, or leave `model` out."))
    }
}

fn missing(stage: &'static str, what: &str) -> EngineError {
    let hint = "Load all embedded models, or give their files to Engine::load.";
    EngineError::new("model_missing", stage, format!("{what} was not loaded")).hint(hint)
}
