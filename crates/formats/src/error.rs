//! Why a file was refused.

use std::fmt;

/// Text from a file is cut to this many characters before it appears in a message.
const SHOWN: usize = 120;

/// Why bytes were refused. Offsets (`at`) count from the first byte of the file.
///
/// `Display` is one sentence for a person; [`FormatError::code`] is stable and meant for programs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The file ends inside a field or a tensor.
    #[error("the file is cut short: {what} needs {need} bytes at {at:#x}, {have} remain. Download it again")]
    Truncated {
        /// Offset of the field.
        at: u64,
        /// The field or tensor.
        what: Shown,
        /// Bytes it takes.
        need: u64,
        /// Bytes left in the file.
        have: u64,
    },
    /// The storage did not give the bytes.
    #[error("the file could not be read at {at:#x}: {message}. Open or download it again")]
    Read {
        /// Offset of the bytes.
        at: u64,
        /// What the storage said.
        message: Shown,
    },
    /// A part of a split model is missing, twice there, or of another model.
    #[error("the parts of the model do not fit together: {message}")]
    Split {
        /// What is wrong.
        message: Shown,
    },
    /// A declared length or count is larger than the file or than any sane file.
    #[error("{what} at {at:#x} is {got}, more than the {max} that fit here. The file is damaged or hostile")]
    Limit {
        /// Offset of the length or count.
        at: u64,
        /// The field.
        what: Shown,
        /// What the file declares.
        got: u64,
        /// The most that is accepted there.
        max: u64,
    },
    /// The first bytes belong to something else.
    #[error("not a {expected} file: it begins like {found}. Check the link it came from")]
    Magic {
        /// The format that was tried.
        expected: &'static str,
        /// What the first bytes look like.
        found: Shown,
    },
    /// A version of the format that is not read.
    #[error("{format} version {version} is not read here. Convert the file to version 3")]
    Version {
        /// The format.
        format: &'static str,
        /// The version in the file.
        version: u32,
    },
    /// A value has an unknown type, or another type than its key demands.
    #[error("{what} at {at:#x} has {found}. Convert the model again with a current converter")]
    Type {
        /// Offset of the value.
        at: u64,
        /// The field, key or tensor.
        what: Shown,
        /// What was found there.
        found: Shown,
    },
    /// A key or tensor name occurs twice.
    #[error("{what} at {at:#x} occurs twice. Convert the model again")]
    Duplicate {
        /// Offset of the second one.
        at: u64,
        /// The key or tensor.
        what: Shown,
    },
    /// Text is not UTF-8, or a name holds a NUL.
    #[error("{what} at {at:#x} is not valid UTF-8 text. The file is damaged")]
    Utf8 {
        /// Offset of the text.
        at: u64,
        /// The field.
        what: Shown,
    },
    /// An alignment or an aligned offset is wrong.
    #[error("{what} at {at:#x} is {value}, which is no valid alignment. Convert the model again")]
    Align {
        /// Offset of the value.
        at: u64,
        /// The field or tensor.
        what: Shown,
        /// The value.
        value: u64,
    },
    /// A tensor has an impossible shape or another shape than the model demands.
    #[error("{what} has shape {found}, expected {expected}. The file does not fit its own description")]
    Shape {
        /// The tensor.
        what: Shown,
        /// Its shape in the file.
        found: Shown,
        /// The shape or rule it breaks.
        expected: Shown,
    },
    /// A size does not fit the numbers it is computed in (64 bits, or 32 bits where the browser has no more).
    #[error("the size of {what} at {at:#x} overflows. The file is damaged or hostile")]
    Overflow {
        /// Offset of the declaration.
        at: u64,
        /// The tensor or field.
        what: Shown,
    },
    /// A tensor's bytes do not lie where the format wants them (holes, reversed or misfitting offsets).
    #[error("{what} lies at data offset {offset}, expected {expected}. Convert the model again")]
    Offset {
        /// The tensor.
        what: Shown,
        /// Where it lies, or its size.
        offset: u64,
        /// Where it should, or the size it should have.
        expected: u64,
    },
    /// Two tensors share bytes.
    #[error("{what} overlaps the tensor before it at data offset {offset}. The file is damaged or hostile")]
    Overlap {
        /// The second tensor.
        what: Shown,
        /// Where it begins.
        offset: u64,
    },
    /// Bytes where nothing belongs: behind the last tensor, or in the padding behind the header.
    #[error("{bytes} bytes at {at:#x} belong to nothing. The file holds something besides a model")]
    Trailing {
        /// Where they begin.
        at: u64,
        /// How many.
        bytes: u64,
    },
    /// A JSON header breaks its grammar or schema.
    #[error("the JSON at {at:#x} is wrong: {message}. The file is damaged")]
    Json {
        /// Offset of the wrong byte.
        at: u64,
        /// What is wrong.
        message: Shown,
    },
    /// A hyper-parameter is missing or impossible.
    #[error("{key}: {message}. The model cannot run; convert it again")]
    Config {
        /// The metadata key.
        key: Shown,
        /// What is wrong with it.
        message: Shown,
    },
    /// The file is sound, and this engine does not run it.
    #[error("{what} is not supported. {hint}")]
    Unsupported {
        /// Architecture, block type, tokenizer.
        what: Shown,
        /// What would be.
        hint: Shown,
    },
    /// The model needs a tensor that the file lacks.
    #[error("the tensor {name} is missing. The file is incomplete; convert it again")]
    MissingTensor {
        /// Its name.
        name: Shown,
    },
    /// The vocabulary is inconsistent.
    #[error("the vocabulary is wrong: {message}. Convert the model again")]
    Vocab {
        /// What is wrong.
        message: Shown,
    },
    /// A `tokenizer.json` is refused.
    #[error("the tokenizer is wrong: {message}. Take the file from where the model is published")]
    Tokenizer {
        /// What is wrong.
        message: Shown,
    },
    /// A weight is infinite or no number.
    #[error("{what} holds the weight {value}, with which nothing can be computed. Download the file again")]
    NonFinite {
        /// The tensor.
        what: Shown,
        /// The first such weight.
        value: Shown,
    },
    /// The chat template is refused, or refuses the conversation.
    #[error("the chat template failed: {message}")]
    Template {
        /// What is wrong.
        message: Shown,
    },
}

impl FormatError {
    /// A stable name for programs, `E_` and capitals.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "E_TRUNCATED",
            Self::Split { .. } => "E_SPLIT",
            Self::Limit { .. } => "E_LIMIT",
            Self::Magic { .. } => "E_MAGIC",
            Self::Version { .. } => "E_VERSION",
            Self::Type { .. } => "E_TYPE",
            Self::Duplicate { .. } => "E_DUPLICATE",
            Self::Utf8 { .. } => "E_UTF8",
            Self::Align { .. } => "E_ALIGN",
            Self::Shape { .. } => "E_SHAPE",
            Self::Overflow { .. } => "E_OVERFLOW",
            Self::Offset { .. } => "E_OFFSET",
            Self::Overlap { .. } => "E_OVERLAP",
            Self::Trailing { .. } => "E_TRAILING",
            Self::Json { .. } => "E_JSON",
            Self::Read { .. } => "E_READ",
            Self::Config { .. } => "E_CONFIG",
            Self::Unsupported { .. } => "E_UNSUPPORTED",
            Self::MissingTensor { .. } => "E_MISSING_TENSOR",
            Self::Vocab { .. } => "E_VOCAB",
            Self::Tokenizer { .. } => "E_TOKENIZER",
            Self::NonFinite { .. } => "E_NONFINITE",
            Self::Template { .. } => "E_TEMPLATE",
        }
    }

    /// A hyper-parameter that cannot be.
    pub fn config(key: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        Self::Config { key: shown(key), message: shown(message) }
    }

    /// A tensor whose shape is not the expected one.
    pub fn shape(what: impl AsRef<str>, found: &[u64], expected: impl AsRef<str>) -> Self {
        Self::Shape { what: shown(what), found: shown(format!("{found:?}")), expected: shown(expected) }
    }
}

/// Text that may come from a file: escaped and cut, safe to print on one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown(String);

/// Escapes control characters and cuts after 120 characters, so that text from a file can stand in a line of output.
pub fn shown(text: impl AsRef<str>) -> Shown {
    let mut out = String::new();
    for (i, c) in text.as_ref().chars().enumerate() {
        if i == SHOWN {
            out.push('…');
            break;
        }
        if is_hidden(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Shown(out)
}

/// Names what a file really is, for the commonest wrong downloads.
pub(crate) fn looks_like(head: &[u8]) -> String {
    let text = head.trim_ascii_start();
    let begins = |s: &str| !text.is_empty() && s.as_bytes().starts_with(text.get(..s.len()).unwrap_or(text));
    if head.is_empty() {
        "an empty file".into()
    } else if text.first() == Some(&b'<') {
        "a web page".into()
    } else if begins("version https://git-lfs") {
        "a Git LFS pointer (fetch the real file with `git lfs pull`)".into()
    } else if begins("{") || begins("[") {
        "JSON".into()
    } else if head.starts_with(&[0x1f, 0x8b]) || head.starts_with(b"PK") {
        "a compressed archive (unpack it first)".into()
    } else if head.starts_with(b"ggjt") || head.starts_with(b"tjgg") || head.starts_with(b"lmgg") {
        "a model from before GGUF (convert it)".into()
    } else {
        format!("{:02x?}", head.get(..8).unwrap_or(head))
    }
}

/// Control, bidirectional-override and tag characters: what could break or forge a line of a terminal.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

impl Shown {
    /// The text as it is printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_is_one_short_line() {
        let text = shown(format!("a\nb\u{202e}c{}", "x".repeat(500)));
        assert!(text.as_str().starts_with("a\\nb\\u{202e}c"));
        assert!(text.as_str().chars().count() < 140);
    }
}
