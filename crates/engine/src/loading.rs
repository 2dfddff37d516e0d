//! A model that is read into the engine a step at a time, while its file is still on its way.

use std::rc::Rc;
use std::sync::Arc;

use kinora_formats::config::{TextConfig, is_encoder};
use kinora_formats::{ChatTemplate, GgufFile, Tokenizer};
use kinora_models::text::{CacheType, DecoderLoader, cache_bytes};
use kinora_tensor::Device;

use crate::chat::{TextModel, too_long};
use crate::encoder::EncoderModel;
use crate::memory::{Budget, CachePlan, Held, TextOptions, largest_context, text_scratch};
use crate::{Engine, EngineError, error::Result};

/// What is taken where a model brings no template: the form that most were trained on.
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + \
                      '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// A text model on its way into an engine; dropping it leaves the engine as it is.
pub struct ModelLoading {
    engine: Engine,
    name: String,
    device: Device,
    file: GgufFile,
    kind: Kind,
}

enum Kind {
    Text(Box<TextLoading>),
    /// Read in one step; it holds the encoder afterwards.
    Encoder(Option<Rc<EncoderModel>>),
}

/// A text model of which the header has been read.
pub(crate) struct TextLoading {
    pub tokenizer: Arc<Tokenizer>,
    pub template: ChatTemplate,
    pub decoder: DecoderLoader,
    pub room: Room,
}

/// The memory that a text model was given.
pub(crate) struct Room {
    pub options: TextOptions,
    /// Bytes of the weights, as the file stores them.
    pub weights: u64,
    /// Tokens that a conversation and its answer may take together.
    pub context: usize,
    pub kind: CacheType,
    pub budget: Rc<Budget>,
    pub held: Option<Held>,
}

impl Room {
    /// # Errors
    /// `model_refused`, `invalid_request` for options that the model does not allow, `out_of_memory` with the longest context
    /// that fits.
    fn take(file: &GgufFile, device: &Device, options: TextOptions, budget: &Rc<Budget>) -> Result<Self> {
        let config = TextConfig::read(file.gguf())?;
        let plan = CachePlan::new(&config, &options)?;
        let weights = file.gguf().tensors().map(|t| t.bytes).sum();
        let held = budget.hold_model(device, weights + text_scratch(&config))?;
        let largest = match device {
            Device::Cpu(_) => largest_context(&config, plan.kind, budget.free()),
            Device::Gpu(_) => plan.context,
        };
        if largest < options.context.map_or(1, |_| plan.context) {
            let need = cache_bytes(&config, plan.context, plan.kind);
            return Err(too_long(plan.context, need, budget.free(), largest, plan.kind).at("load"));
        }
        let (context, kind) = (plan.context.min(largest), plan.kind);
        Ok(Self { options, weights, context, kind, budget: budget.clone(), held })
    }
}

impl TextLoading {
    /// Reads the header.
    ///
    /// # Errors
    /// `model_refused` for what the readers refuse, and those of [`Room::take`].
    fn new(file: &GgufFile, device: &Device, options: TextOptions, budget: &Rc<Budget>) -> Result<Self> {
        let gguf = file.gguf();
        let room = Room::take(file, device, options, budget)?;
        Ok(Self {
            tokenizer: Arc::new(Tokenizer::from_gguf(gguf)?),
            template: match gguf.metadata("tokenizer.chat_template") {
                Some(_) => ChatTemplate::from_gguf(gguf)?,
                None => ChatTemplate::new(CHATML, "", "")?,
            },
            decoder: DecoderLoader::new(file, device)?,
            room,
        })
    }
}

impl TextModel {
    /// # Errors
    /// `model_refused` for what the readers refuse, `invalid_request` for options that the model does not allow,
    /// `out_of_memory` with the longest context that fits.
    pub fn load(file: &GgufFile, device: &Device, options: TextOptions, budget: &Rc<Budget>) -> Result<Self> {
        let mut loading = TextLoading::new(file, device, options, budget)?;
        while loading.decoder.needs().is_some() {
            loading.decoder.step()?;
        }
        Self::of(loading, file, device)
    }
}

impl ModelLoading {
    pub(crate) fn new(engine: &Engine, name: &str, file: &GgufFile, options: TextOptions) -> Result<Self> {
        let device = engine.device();
        let text = || TextLoading::new(file, &device, options, engine.budget()).map_err(|e| e.at("load"));
        let kind = match is_encoder(file.gguf()) {
            true => Kind::Encoder(None),
            false => Kind::Text(Box::new(text()?)),
        };
        Ok(Self { engine: engine.clone(), name: name.to_string(), device, file: file.clone(), kind })
    }

    /// Bytes from the beginning of the file that must be there for the next step; `None` when all is read. Of a split
    /// model the files count as one behind the other.
    pub fn needs(&self) -> Option<u64> {
        match &self.kind {
            Kind::Text(text) => text.decoder.needs(),
            Kind::Encoder(None) => Some(self.file.size()),
            Kind::Encoder(Some(_)) => None,
        }
    }

    /// Bytes from the beginning of the file that no step will read again.
    pub fn read_to(&self) -> u64 {
        match &self.kind {
            Kind::Text(text) => text.decoder.read_to(),
            Kind::Encoder(encoder) => encoder.as_ref().map_or(0, |_| self.file.size()),
        }
    }

    /// Reads the next part of the file.
    ///
    /// # Errors
    /// `model_refused`, `out_of_memory`.
    pub fn step(&mut self) -> Result<()> {
        match &mut self.kind {
            Kind::Text(text) => text.decoder.step().map_err(|e| EngineError::from(e).at("load")),
            Kind::Encoder(encoder) => {
                let read = EncoderModel::load(&self.file, &self.device, self.engine.budget());
                *encoder = Some(Rc::new(read.map_err(|e| e.at("load"))?));
                Ok(())
            }
        }
    }

    /// Hands the model to the engine: requests find it by its name.
    ///
    /// # Errors
    /// `internal` before the last step, `out_of_memory`.
    pub fn finish(self) -> Result<()> {
        let early = || EngineError::new("internal", "load", "the model is not read to its end".into());
        match self.kind {
            Kind::Text(text) => {
                let text = TextModel::of(*text, &self.file, &self.device).map_err(|e| e.at("load"))?;
                self.engine.put_text(&self.name, Rc::new(text));
            }
            Kind::Encoder(encoder) => self.engine.put_encoder(&self.name, encoder.ok_or_else(early)?),
        }
        self.device.reset_arena();
        Ok(())
    }
}
