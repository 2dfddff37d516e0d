//! safetensors (<https://github.com/huggingface/safetensors>): checked reader and writer.
//!
//! Two of the format's rules that the reference does not enforce are enforced here: the header begins with `{`, and no
//! name occurs twice.

mod json;
mod parse;
mod write;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

pub use write::SafetensorsWriter;

use crate::error::shown;
use crate::{BlockType, FormatError, HeaderRead, TensorSource, TensorView};

/// Element type of a safetensors tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtype {
    name: &'static str,
    bits: u64,
}

const DTYPES: &[Dtype] = &[
    Dtype { name: "F32", bits: 32 },
    Dtype { name: "F16", bits: 16 },
    Dtype { name: "BF16", bits: 16 },
    Dtype { name: "F64", bits: 64 },
    Dtype { name: "I64", bits: 64 },
    Dtype { name: "I32", bits: 32 },
    Dtype { name: "I16", bits: 16 },
    Dtype { name: "I8", bits: 8 },
    Dtype { name: "U64", bits: 64 },
    Dtype { name: "U32", bits: 32 },
    Dtype { name: "U16", bits: 16 },
    Dtype { name: "U8", bits: 8 },
    Dtype { name: "BOOL", bits: 8 },
    Dtype { name: "C64", bits: 64 },
    Dtype { name: "F8_E4M3", bits: 8 },
    Dtype { name: "F8_E5M2", bits: 8 },
    Dtype { name: "F8_E8M0", bits: 8 },
    Dtype { name: "F6_E2M3", bits: 6 },
    Dtype { name: "F6_E3M2", bits: 6 },
    Dtype { name: "F4", bits: 4 },
];

impl Dtype {
    /// The type called `name` in the file.
    pub fn from_name(name: &str) -> Option<Self> {
        DTYPES.iter().find(|d| d.name == name).copied()
    }

    /// Its name in the file.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Bits of one value.
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// The block type, for the three float types that weights come in.
    pub fn block(self) -> Option<BlockType> {
        match self.name {
            "F32" => Some(BlockType::F32),
            "F16" => Some(BlockType::F16),
            "BF16" => Some(BlockType::BF16),
            _ => None,
        }
    }
}

/// A tensor as the header declares it; checked to lie inside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Row-major shape; empty for a scalar, dimensions may be 0.
    pub shape: Vec<u64>,
    /// Element type.
    pub dtype: Dtype,
    /// Offset of the first byte from the beginning of the file.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
}

/// A checked safetensors header. It keeps offsets, not weights.
#[derive(Clone, Debug)]
pub struct SafeTensors {
    meta: BTreeMap<String, String>,
    tensors: Vec<TensorInfo>,
    index: HashMap<String, usize>,
}

impl SafeTensors {
    /// Reads and checks the header of a whole file.
    ///
    /// # Errors
    /// Every breach of the format, with its offset; see [`FormatError`].
    pub fn parse(file: &[u8]) -> Result<Self, FormatError> {
        let len = file.len() as u64;
        match Self::parse_header(file, len)? {
            HeaderRead::Done(header) => Ok(header),
            HeaderRead::More(need) => {
                Err(FormatError::Truncated { at: len, what: shown("the header"), need, have: len })
            }
        }
    }

    /// Reads the header from the beginning of a file that has `file_len` bytes; asks for more where `head` ends too early.
    ///
    /// # Errors
    /// As [`SafeTensors::parse`].
    pub fn parse_header(head: &[u8], file_len: u64) -> Result<HeaderRead<Self>, FormatError> {
        parse::parse(head, file_len)
    }

    /// The value of `key` in `__metadata__`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.meta.get(key).map(String::as_str)
    }

    /// All of `__metadata__`, sorted by key.
    pub fn metadata_iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.meta.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// The tensors in the order of the header.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = &TensorInfo> {
        self.tensors.iter()
    }

    /// The declaration of a tensor.
    pub fn tensor_info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(*self.index.get(name)?)
    }

    /// The bytes of a tensor of any type, with its declaration.
    ///
    /// # Errors
    /// `MissingTensor`; `Truncated` where `file` is shorter than the file that was parsed.
    pub fn raw<'a>(&self, file: &'a [u8], name: &str) -> Result<(&TensorInfo, &'a [u8]), FormatError> {
        let info = self.tensor_info(name).ok_or_else(|| FormatError::MissingTensor { name: shown(name) })?;
        let short = || FormatError::Truncated {
            at: info.offset,
            what: shown(name),
            need: info.bytes,
            have: (file.len() as u64).saturating_sub(info.offset),
        };
        let range = usize::try_from(info.offset).ok().zip(usize::try_from(info.bytes).ok());
        let (start, len) = range.ok_or_else(short)?;
        let bytes = file.get(start..).and_then(|f| f.get(..len)).ok_or_else(short)?;
        Ok((info, bytes))
    }

    /// A tensor of type F32, F16 or BF16.
    ///
    /// # Errors
    /// As [`SafeTensors::raw`]; `Unsupported` for other types.
    pub fn tensor<'a>(&self, file: &'a [u8], name: &str) -> Result<TensorView<'a>, FormatError> {
        let (info, bytes) = self.raw(file, name)?;
        let block = info.dtype.block().ok_or_else(|| FormatError::Unsupported {
            what: shown(format!("the type {} of {name} as a weight", info.dtype.name())),
            hint: shown("Take a file in F32, F16 or BF16"),
        })?;
        let shape: Option<Vec<usize>> = info.shape.iter().map(|&d| usize::try_from(d).ok()).collect();
        let shape = shape.ok_or_else(|| FormatError::Overflow { at: info.offset, what: shown(name) })?;
        Ok(TensorView::new(shape, block, bytes))
    }
}

/// A whole safetensors file in memory.
#[derive(Clone, Debug)]
pub struct SafeTensorsFile {
    bytes: Vec<u8>,
    header: SafeTensors,
}

impl SafeTensorsFile {
    /// Checks the header and keeps the bytes.
    ///
    /// # Errors
    /// As [`SafeTensors::parse`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, FormatError> {
        let header = SafeTensors::parse(&bytes)?;
        Ok(Self { bytes, header })
    }

    /// The header.
    pub fn header(&self) -> &SafeTensors {
        &self.header
    }

    /// The value of `key` in `__metadata__`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.header.metadata(key)
    }

    /// A tensor's shape and its values as f32, whatever its element type (F32, F16, BF16, F64, BOOL and the integers).
    ///
    /// # Errors
    /// `MissingTensor`; `Unsupported` for complex and sub-byte types.
    pub fn to_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), FormatError> {
        let (info, b) = self.header.raw(&self.bytes, name)?;
        let values: Vec<f32> = match info.dtype.name() {
            "F64" => b.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
            "I64" | "U64" | "I32" | "U32" | "I16" | "U16" | "I8" | "U8" | "BOOL" => {
                self.to_i64(name)?.1.into_iter().map(|n| n as f32).collect()
            }
            _ => self.header.tensor(&self.bytes, name)?.to_f32()?,
        };
        Ok((usize_shape(info)?, values))
    }

    /// A tensor's shape and its values as i64, for the integer types and BOOL (U64 wraps).
    ///
    /// # Errors
    /// `MissingTensor`; `Unsupported` for other types.
    pub fn to_i64(&self, name: &str) -> Result<(Vec<usize>, Vec<i64>), FormatError> {
        let (info, b) = self.header.raw(&self.bytes, name)?;
        let values: Vec<i64> = match info.dtype.name() {
            "I64" | "U64" => b.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect(),
            "I32" => b.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect(),
            "U32" => b.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b).into()).collect(),
            "I16" => b.as_chunks().0.iter().map(|b| i16::from_le_bytes(*b).into()).collect(),
            "U16" => b.as_chunks().0.iter().map(|b| u16::from_le_bytes(*b).into()).collect(),
            "I8" => b.iter().map(|b| (*b as i8).into()).collect(),
            "U8" | "BOOL" => b.iter().map(|b| (*b).into()).collect(),
            other => {
                let (what, hint) =
                    (shown(format!("{name} of type {other} as integers")), shown("Store it as I64 or I32"));
                return Err(FormatError::Unsupported { what, hint });
            }
        };
        Ok((usize_shape(info)?, values))
    }
}

fn usize_shape(info: &TensorInfo) -> Result<Vec<usize>, FormatError> {
    let shape: Option<Vec<usize>> = info.shape.iter().map(|&d| usize::try_from(d).ok()).collect();
    shape.ok_or_else(|| FormatError::Overflow { at: info.offset, what: shown(&info.name) })
}

impl TensorSource for SafeTensorsFile {
    fn tensor(&self, name: &str) -> Result<TensorView<'_>, FormatError> {
        self.header.tensor(&self.bytes, name)
    }

    fn has(&self, name: &str) -> bool {
        self.header.tensor_info(name).is_some()
    }

    fn names(&self) -> Vec<String> {
        self.header.tensors().map(|t| t.name.clone()).collect()
    }
}
