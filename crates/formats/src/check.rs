//! Everything that a model's use would need of its header, tried out: what `kinora inspect --full` and the package's
//! `inspect` check.

use crate::config::{EncoderConfig, TextConfig, is_encoder, is_text_model};
use crate::{ChatTemplate, FormatError, Gguf, Message, RenderInput, TemplateFeatures, Tokenizer};

/// The text that the tokenizer is tried on.
const SAMPLE: &str = "A shy robot finds a flower in the snow.";

/// What a file claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A GGUF model.
    Gguf,
    /// Tensors without a network.
    SafeTensors,
    /// A `tokenizer.json`.
    Tokenizer,
    /// A chat template by itself.
    Template,
}

impl FileKind {
    /// By the ending of its name, else by its first bytes. What is nothing of all counts as GGUF, whose reader says what it is.
    pub fn of(name: &str, head: &[u8]) -> Self {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "gguf" => Self::Gguf,
            "safetensors" => Self::SafeTensors,
            "json" => Self::Tokenizer,
            "jinja" => Self::Template,
            _ if head.starts_with(b"GGUF") => Self::Gguf,
            // the length of a header, then the header
            _ if head.get(8) == Some(&b'{') => Self::SafeTensors,
            _ if head.starts_with(b"{\"") || head.starts_with(b"{\n") => Self::Tokenizer,
            _ => Self::Gguf,
        }
    }
}

/// What a sound GGUF header holds beside its tensors.
#[derive(Debug)]
pub struct CheckedGguf {
    /// Its tokenizer, where it has one.
    pub tokenizer: Option<CheckedTokenizer>,
    /// Its chat template, where it has one.
    pub template: Option<CheckedTemplate>,
    /// The network, whose config fits its tensors; `None` for what is no text model.
    pub network: Option<CheckedNetwork>,
}

/// A tokenizer that encodes.
#[derive(Debug)]
pub struct CheckedTokenizer {
    /// Tokens of the vocabulary.
    pub tokens: usize,
    /// Tokens of a sample text.
    pub sample: usize,
}

/// A chat template that renders.
#[derive(Debug)]
pub struct CheckedTemplate {
    /// Characters of a conversation of two messages.
    pub characters: usize,
    /// What it knows beside plain messages.
    pub features: TemplateFeatures,
}

/// A network whose tensors have the shapes that its config says.
#[derive(Debug)]
pub enum CheckedNetwork {
    /// It writes text.
    Text(Box<TextConfig>),
    /// It makes vectors of texts.
    Encoder(Box<EncoderConfig>),
}

impl CheckedGguf {
    /// Builds the tokenizer, renders the template and holds the config against every tensor.
    ///
    /// # Errors
    /// What the first of these refuses.
    pub fn of(gguf: &Gguf) -> Result<Self, FormatError> {
        let tokenizer = match gguf.metadata("tokenizer.ggml.model") {
            Some(_) => Some(CheckedTokenizer::of(&Tokenizer::from_gguf(gguf)?)?),
            None => None,
        };
        let template = match gguf.metadata("tokenizer.chat_template") {
            Some(_) => Some(CheckedTemplate::of(&ChatTemplate::from_gguf(gguf)?)?),
            None => None,
        };
        // An architecture is text, whatever the file holds
        gguf.get_str("general.architecture")?;
        let network = if is_encoder(gguf) {
            Some(CheckedNetwork::Encoder(Box::new(EncoderConfig::read(gguf)?)))
        } else if is_text_model(gguf) {
            Some(CheckedNetwork::Text(Box::new(TextConfig::read(gguf)?)))
        } else {
            None
        };
        Ok(Self { tokenizer, template, network })
    }
}

impl CheckedTokenizer {
    fn of(tokenizer: &Tokenizer) -> Result<Self, FormatError> {
        Ok(Self { tokens: tokenizer.vocab_size(), sample: tokenizer.encode(SAMPLE, false)?.len() })
    }
}

impl CheckedTemplate {
    /// Renders a conversation.
    ///
    /// # Errors
    /// What the template refuses, and what it may not do.
    pub fn of(template: &ChatTemplate) -> Result<Self, FormatError> {
        let messages = [Message::new("user", "Hello!"), Message::new("assistant", "Hello. What shall we film?")];
        let characters = template.render(&RenderInput::chat(&messages))?.chars().count();
        Ok(Self { characters, features: template.features() })
    }

    /// Of a template by itself.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_source(source: &str) -> Result<Self, FormatError> {
        Self::of(&ChatTemplate::new(source, "<s>", "</s>")?)
    }
}
