//! A model that is read into the engine a step at a time, while its file is still on its way.

use std::rc::Rc;
use std::sync::Arc;

use kinora_formats::config::is_encoder;
use kinora_formats::{ChatTemplate, GgufFile, Tokenizer};
use kinora_models::text::DecoderLoader;
use kinora_tensor::Device;

use crate::chat::TextModel;
use crate::encoder::EncoderModel;
use crate::{Engine, EngineError, error::Result};

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
    Encoder(Option<EncoderModel>),
}

/// A text model of which the header has been read.
pub(crate) struct TextLoading {
    pub tokenizer: Arc<Tokenizer>,
    pub template: ChatTemplate,
    pub decoder: DecoderLoader,
}

impl TextModel {
    /// # Errors
    /// `model_refused` for what the readers refuse, `out_of_memory`.
    pub fn load(file: &GgufFile, device: &Device) -> Result<Self> {
        let mut loading = TextLoading::new(file, device)?;
        while loading.decoder.needs().is_some() {
            loading.decoder.step()?;
        }
        Self::of(loading, file, device)
    }
}

impl ModelLoading {
    pub(crate) fn new(engine: &Engine, name: &str, file: &GgufFile, device: Device) -> Result<Self> {
        let kind = match is_encoder(file.gguf()) {
            true => Kind::Encoder(None),
            false => Kind::Text(Box::new(TextLoading::new(file, &device).map_err(|e| e.at("load"))?)),
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
                *encoder = Some(EncoderModel::load(&self.file, &self.device).map_err(|e| e.at("load"))?);
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
            Kind::Encoder(encoder) => self.engine.put_encoder(&self.name, Rc::new(encoder.ok_or_else(early)?)),
        }
        self.device.reset_arena();
        Ok(())
    }
}
