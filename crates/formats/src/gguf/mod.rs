//! GGUF versions 2 and 3 (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>): checked reader and writer.
//!
//! Strict where leniency has hurt others: tensors lie one after another, aligned, without holes, overlaps or bytes behind
//! the last one; names and keys occur once; dimensions are 1 to 4 and never 0.

mod file;
mod meta;
mod parse;
mod types;
mod write;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

pub use file::GgufFile;
pub use meta::{MetaArray, MetaValue, StrArray};
pub use types::GgmlType;
pub use write::GgufWriter;

use crate::error::shown;
use crate::{BlockType, FormatError, HeaderRead};

/// A tensor as the header declares it; checked to lie inside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name, 1 to 63 bytes.
    pub name: String,
    /// Row-major shape: GGUF's dimensions reversed. 1 to 4 dimensions, none of them 0.
    pub shape: Vec<u64>,
    /// ggml's type, of which [`BlockType`] is the part that this engine computes with.
    pub ty: GgmlType,
    /// Offset of the first byte from the beginning of the file.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// Which file of a split model holds it, from 0.
    pub part: usize,
}

/// A checked GGUF header. It keeps offsets, not weights: [`GgufFile`] reads those.
#[derive(Clone, Debug)]
pub struct Gguf {
    version: u32,
    alignment: u64,
    total: u64,
    meta: BTreeMap<String, MetaValue>,
    tensors: Vec<TensorInfo>,
    index: HashMap<String, usize>,
}

impl Gguf {
    /// Reads and checks the header of a whole file.
    ///
    /// # Errors
    /// Every breach of the format, with its offset; see [`FormatError`].
    pub fn parse(file: &[u8]) -> Result<Self, FormatError> {
        let len = file.len() as u64;
        match Self::parse_header(file, len)? {
            HeaderRead::Done(gguf) => Ok(gguf),
            HeaderRead::More(need) => {
                Err(FormatError::Truncated { at: len, what: shown("the header"), need, have: len })
            }
        }
    }

    /// Reads the header from the beginning of a file that has `file_len` bytes. Asks for more where `head` ends too
    /// early, so that a file of gigabytes is checked without reading its weights.
    ///
    /// # Errors
    /// As [`Gguf::parse`].
    pub fn parse_header(head: &[u8], file_len: u64) -> Result<HeaderRead<Self>, FormatError> {
        parse::parse(head, file_len)
    }

    /// Bytes before the first tensor: all that [`Gguf::parse_header`] looks at, and the padding behind it.
    pub fn header_len(&self) -> u64 {
        self.tensors.iter().map(|t| t.offset).min().unwrap_or(self.total)
    }

    /// 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Alignment of tensor data in bytes (a power of two, 8 to 65,536; 32 where the file does not say).
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// Bytes up to the end of the last tensor (padding not counted).
    pub fn total_len(&self) -> u64 {
        self.total
    }

    /// The value of `key`.
    pub fn metadata(&self, key: &str) -> Option<&MetaValue> {
        self.meta.get(key)
    }

    /// All keys and values, sorted by key.
    pub fn metadata_iter(&self) -> impl Iterator<Item = (&str, &MetaValue)> {
        self.meta.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// A non-negative integer of any width that fits u32; `None` where the key is missing.
    ///
    /// # Errors
    /// `Type` where it is no integer, `Config` where it is negative or too large.
    pub fn get_u32(&self, key: &str) -> Result<Option<u32>, FormatError> {
        let Some(value) = self.meta.get(key) else { return Ok(None) };
        let Some(n) = value.as_integer() else { return Err(wrong_type(key, value, "an integer")) };
        u32::try_from(n).map(Some).map_err(|_| FormatError::config(key, format!("{n} is out of range")))
    }

    /// A float (f32 or f64); `None` where the key is missing.
    ///
    /// # Errors
    /// `Type` where it is no float.
    pub fn get_f32(&self, key: &str) -> Result<Option<f32>, FormatError> {
        self.get(key, "a float", |v| match v {
            MetaValue::F32(x) => Some(*x),
            MetaValue::F64(x) => Some(*x as f32),
            _ => None,
        })
    }

    /// A bool; `None` where the key is missing.
    ///
    /// # Errors
    /// `Type` where it is no bool.
    pub fn get_bool(&self, key: &str) -> Result<Option<bool>, FormatError> {
        self.get(key, "a bool", |v| if let MetaValue::Bool(b) = v { Some(*b) } else { None })
    }

    /// A string; `None` where the key is missing.
    ///
    /// # Errors
    /// `Type` where it is no string.
    pub fn get_str(&self, key: &str) -> Result<Option<&str>, FormatError> {
        self.get(key, "a string", |v| if let MetaValue::Str(s) = v { Some(s.as_str()) } else { None })
    }

    /// An array of strings; `None` where the key is missing.
    ///
    /// # Errors
    /// `Type` where it is something else.
    pub fn get_strs(&self, key: &str) -> Result<Option<&StrArray>, FormatError> {
        self.get(key, "an array of strings", |v| match v {
            MetaValue::Array(MetaArray::Str(a)) => Some(a),
            _ => None,
        })
    }

    /// An array of f32; `None` where the key is missing.
    ///
    /// # Errors
    /// `Type` where it is something else.
    pub fn get_f32s(&self, key: &str) -> Result<Option<&[f32]>, FormatError> {
        self.get(key, "an array of f32", |v| match v {
            MetaValue::Array(MetaArray::F32(a)) => Some(a.as_slice()),
            _ => None,
        })
    }

    /// An array of i32; `None` where the key is missing.
    ///
    /// # Errors
    /// `Type` where it is something else.
    pub fn get_i32s(&self, key: &str) -> Result<Option<&[i32]>, FormatError> {
        self.get(key, "an array of i32", |v| match v {
            MetaValue::Array(MetaArray::I32(a)) => Some(a.as_slice()),
            _ => None,
        })
    }

    fn get<'a, T>(
        &'a self,
        key: &str,
        wanted: &str,
        pick: impl Fn(&'a MetaValue) -> Option<T>,
    ) -> Result<Option<T>, FormatError> {
        let Some(value) = self.meta.get(key) else { return Ok(None) };
        pick(value).map(Some).ok_or_else(|| wrong_type(key, value, wanted))
    }

    /// The tensors in the order of the file.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = &TensorInfo> {
        self.tensors.iter()
    }

    /// The declaration of a tensor.
    pub fn tensor_info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(*self.index.get(name)?)
    }

    /// Shape and block type of a tensor, as this machine counts.
    fn tensor_type(info: &TensorInfo) -> Result<(Vec<usize>, BlockType), FormatError> {
        let block = info.ty.block().ok_or_else(|| FormatError::Unsupported {
            what: shown(format!("the type {} of {}", info.ty.name(), info.name)),
            hint: shown(SUPPORTED_TYPES),
        })?;
        let shape: Option<Vec<usize>> = info.shape.iter().map(|&d| usize::try_from(d).ok()).collect();
        let shape = shape.ok_or_else(|| FormatError::Overflow { at: info.offset, what: shown(&info.name) })?;
        Ok((shape, block))
    }
}

/// What to do about a tensor type that is not computed with.
pub(crate) const SUPPORTED_TYPES: &str =
    "Take a file in F32, F16, BF16, Q8_0, Q4_0 to Q5_1, Q2_K to Q6_K, IQ4_NL or IQ4_XS";

fn wrong_type(key: &str, value: &MetaValue, wanted: &str) -> FormatError {
    FormatError::Type { at: 0, what: shown(key), found: shown(format!("type {}, not {wanted}", value.type_name())) }
}

impl From<BlockType> for GgmlType {
    fn from(block: BlockType) -> Self {
        GgmlType::of_block(block)
    }
}
