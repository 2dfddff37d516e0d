//! The models of a session on their device, and what can be asked of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use kinora_formats::{Gguf, GgufFile};
use kinora_grammar::Compiler;
use kinora_tensor::{Abort, Device, TensorError};

use crate::chat::{AdapterInfo, ChatRequest, ChatStream, CompletionRequest, Prompt, TextModel};
use crate::constrain::{Grammars, linked};
use crate::encoder::{Embedding, EncoderModel};
use crate::film::{FilmRequest, FilmStream};
use crate::loading::ModelLoading;
use crate::memory::{Budget, Estimate, TextOptions};
use crate::recovery::{MAX_RECOVERIES, Recovery};
use crate::video::{VideoFiles, VideoModels, named};
use crate::{
    EngineError,
    error::{Result, file_gone},
};

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
    /// Where the models were loaded first.
    device: Device,
    /// By name; the embedded one is [`EMBEDDED`].
    texts: RefCell<BTreeMap<String, Rc<TextModel>>>,
    encoders: RefCell<BTreeMap<String, Rc<EncoderModel>>>,
    video: RefCell<Option<Rc<VideoModels>>>,
    /// To load these again where a GPU was lost; a CPU never is.
    video_files: Option<VideoFiles>,
    recovery: Recovery,
    /// What compiles grammars, once it is there.
    compiler: RefCell<Option<Rc<dyn Compiler>>>,
    budget: Rc<Budget>,
}

impl Engine {
    /// Loads the models on `device`. Empty `text` leaves the text model out.
    ///
    /// # Errors
    /// `model_refused` with what is wrong with which file, `out_of_memory`, `device_lost`.
    pub fn load(mut files: ModelFiles, device: Device) -> Result<Self> {
        let budget = Rc::<Budget>::default();
        let video_files = VideoFiles::open(&mut files)?;
        let texts = match files.text {
            bytes if bytes.is_empty() => BTreeMap::new(),
            bytes => {
                let file = GgufFile::from_bytes(bytes).map_err(EngineError::from);
                let text = file.and_then(|file| TextModel::load(&file, &device, files.text_options, &budget));
                BTreeMap::from([(EMBEDDED.to_string(), Rc::new(text.map_err(|e| named("text", e))?))])
            }
        };
        let video = video_files.as_ref().map(|files| files.load(&device)).transpose()?;
        device.reset_arena();
        Ok(Self(Rc::new(Inner {
            texts: RefCell::new(texts),
            encoders: RefCell::default(),
            video: RefCell::new(video.map(Rc::new)),
            video_files: video_files.filter(|_| matches!(device, Device::Gpu(_))),
            recovery: Recovery::default(),
            compiler: RefCell::new(linked()),
            budget,
            device,
        })))
    }

    /// Where models run: where they were loaded, or where they went when that device was lost.
    pub fn device(&self) -> Device {
        self.0.recovery.newest().unwrap_or_else(|| self.0.device.clone())
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

    /// Brings what compiles grammars to an engine that was built without (feature `constrain`). Before, a request with a schema,
    /// a grammar or tools is refused with `grammar_missing`; [`crate::openai::Exchange`] and [`FilmStream`] tell when they wait
    /// for it (`needs_grammars`).
    pub fn set_grammars(&self, compiler: Rc<dyn Compiler>) {
        *self.0.compiler.borrow_mut() = Some(compiler);
    }

    /// Whether grammars can be compiled.
    pub(crate) fn has_grammars(&self) -> bool {
        self.0.compiler.borrow().is_some()
    }

    /// Takes what compiles grammars out, as if it had never been there.
    #[cfg(test)]
    pub(crate) fn take_grammars(&self) -> Option<Rc<dyn Compiler>> {
        self.0.compiler.take()
    }

    /// What makes constraints of a model's texts.
    pub(crate) fn grammars<'a>(&self, model: &'a TextModel) -> Grammars<'a> {
        let compiler = self.0.compiler.borrow().clone();
        Grammars { compiler, tokenizer: &model.tokenizer, vocabulary: &model.vocabulary }
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
        let again = Rc::new(self.0.recovery.reload(|device| lost.load_again(device)).await?);
        lost.set_successor(&again);
        for text in self.0.texts.borrow_mut().values_mut().filter(|text| Rc::ptr_eq(text, lost)) {
            *text = again.clone();
        }
        Ok(again)
    }

    /// `lost` on another device; films from now on get that one.
    ///
    /// # Errors
    /// As [`Self::recover`].
    pub(crate) async fn recover_video(&self, lost: &Rc<VideoModels>) -> Result<Rc<VideoModels>> {
        let now = self.video()?;
        if !Rc::ptr_eq(&now, lost) {
            return Ok(now); // another film has met the loss before
        }
        let files = self.0.video_files.as_ref().ok_or_else(file_gone)?;
        let again = Rc::new(self.0.recovery.reload(|device| files.load(device)).await?);
        *self.0.video.borrow_mut() = Some(again.clone());
        Ok(again)
    }

    /// `lost` on another device; requests from now on get that one.
    ///
    /// # Errors
    /// As [`Self::recover`].
    async fn recover_encoder(&self, lost: &Rc<EncoderModel>) -> Result<()> {
        let is_lost = |encoder: &&mut Rc<EncoderModel>| Rc::ptr_eq(encoder, lost);
        if self.0.encoders.borrow_mut().values_mut().filter(is_lost).count() == 0 {
            return Ok(()); // another request has met the loss before, or it was taken out
        }
        let again = Rc::new(self.0.recovery.reload(|device| lost.load_again(device, &self.0.budget)).await?);
        for encoder in self.0.encoders.borrow_mut().values_mut().filter(is_lost) {
            *encoder = again.clone();
        }
        Ok(())
    }

    /// Opens the assistant's next turn; nothing is computed until [`ChatStream::next`].
    ///
    /// # Errors
    /// `invalid_request`, `context_length_exceeded` with the numbers, `model_missing`, `unsupported`; `grammar_missing`: see
    /// [`Self::set_grammars`].
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
        for _ in 0..MAX_RECOVERIES {
            abort.check()?;
            let encoder = model.and_then(|name| self.0.encoders.borrow().get(name).cloned());
            let embedding = match &encoder {
                Some(encoder) => encoder.embed(input, abort).await,
                None => self.text(model)?.embed(input, abort).await,
            };
            match (embedding, encoder) {
                (Err(e), Some(lost)) if e.code == "device_lost" => self.recover_encoder(&lost).await?,
                (Err(e), None) if e.code == "device_lost" => drop(self.recover(&self.text(model)?).await?),
                (embedding, _) => return embedding,
            }
        }
        Err(EngineError::new("device_lost", "embed", format!("the device was lost {MAX_RECOVERIES} times")).retry())
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
    pub fn video(&self) -> Result<Rc<VideoModels>> {
        self.0.video.borrow().clone().ok_or_else(|| missing("film", "the motion and paint models"))
    }

    /// Adds a text model, which requests may then ask for by `name`; one of that name makes room. Its tensors are read out
    /// of the file one at a time.
    ///
    /// # Errors
    /// `model_refused` with what is wrong with the file, `invalid_request` for options that it does not allow, `out_of_memory`
    /// with the longest context that fits.
    pub fn add_text_model(&self, name: &str, file: &GgufFile, options: TextOptions) -> Result<()> {
        let mut loading = self.begin_text_model(name, file, options)?;
        while loading.needs().is_some() {
            loading.step()?;
        }
        loading.finish()
    }

    /// As [`Engine::add_text_model`], a step at a time: for a file that is still on its way, and for who wants to stop
    /// between. The header must be there.
    ///
    /// # Errors
    /// As [`Engine::add_text_model`], of the header.
    pub fn begin_text_model(&self, name: &str, file: &GgufFile, options: TextOptions) -> Result<ModelLoading> {
        if name.is_empty() || name == EMBEDDED {
            let message = format!("a model cannot be called {name:?}: that is the embedded one");
            return Err(EngineError::invalid_request("load", message));
        }
        // The one before goes first: there may not be room for both.
        self.remove_text_model(name);
        ModelLoading::new(self, name, file, options)
    }

    pub(crate) fn budget(&self) -> &Rc<Budget> {
        &self.0.budget
    }

    pub(crate) fn put_text(&self, name: &str, text: Rc<TextModel>) {
        self.0.texts.borrow_mut().insert(name.to_string(), text);
    }

    pub(crate) fn put_encoder(&self, name: &str, encoder: Rc<EncoderModel>) {
        self.0.encoders.borrow_mut().insert(name.to_string(), encoder);
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
