//! The writer: version 3, checked by the same rules as the reader.

use std::collections::HashSet;

use super::parse::{MAX_ARRAY, MAX_ITEMS, MAX_KEY, MAX_NAME, MAX_STRING, size};
use super::{GgmlType, MetaArray, MetaValue};
use crate::error::shown;
use crate::{BlockType, FormatError};

const ALIGNMENT: usize = 32;

/// Builds a GGUF file in memory. What it accepts, [`super::Gguf::parse`] reads back.
#[derive(Clone, Debug, Default)]
pub struct GgufWriter {
    keys: HashSet<String>,
    meta: Vec<(String, MetaValue)>,
    names: HashSet<String>,
    infos: Vec<(String, Vec<u64>, GgmlType, u64)>,
    data: Vec<u8>,
}

impl GgufWriter {
    /// An empty file, aligned to 32 bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key and its value.
    ///
    /// # Errors
    /// `Duplicate`; `Limit` for lengths the reader refuses; `Config` for `general.alignment`, which is always 32 here.
    pub fn meta(&mut self, key: &str, value: MetaValue) -> Result<(), FormatError> {
        if key.is_empty() || key.contains('\0') {
            return Err(FormatError::Utf8 { at: 0, what: shown("a key") });
        }
        if key == "general.alignment" {
            return Err(FormatError::config(key, "written files are always aligned to 32 bytes"));
        }
        at_most(key, key.len(), MAX_KEY)?;
        at_most("the number of keys", self.meta.len().saturating_add(1), MAX_ITEMS)?;
        match &value {
            MetaValue::Str(s) => at_most(key, s.len(), MAX_STRING)?,
            MetaValue::Array(MetaArray::Array(_)) => {
                let (what, hint) = (shown(format!("the array of arrays {key}")), shown("Write flat arrays"));
                return Err(FormatError::Unsupported { what, hint });
            }
            MetaValue::Array(a) => at_most(key, a.len(), MAX_ARRAY)?,
            _ => {}
        }
        if !self.keys.insert(key.to_owned()) {
            return Err(FormatError::Duplicate { at: 0, what: shown(key) });
        }
        self.meta.push((key.to_owned(), value));
        Ok(())
    }

    /// Adds a string. Errors as [`GgufWriter::meta`].
    #[allow(clippy::missing_errors_doc)]
    pub fn str(&mut self, key: &str, value: &str) -> Result<(), FormatError> {
        self.meta(key, MetaValue::Str(value.to_owned()))
    }

    /// Adds a u32. Errors as [`GgufWriter::meta`].
    #[allow(clippy::missing_errors_doc)]
    pub fn u32(&mut self, key: &str, value: u32) -> Result<(), FormatError> {
        self.meta(key, MetaValue::U32(value))
    }

    /// Adds an f32. Errors as [`GgufWriter::meta`].
    #[allow(clippy::missing_errors_doc)]
    pub fn f32(&mut self, key: &str, value: f32) -> Result<(), FormatError> {
        self.meta(key, MetaValue::F32(value))
    }

    /// Adds an array of strings. Errors as [`GgufWriter::meta`].
    #[allow(clippy::missing_errors_doc)]
    pub fn strs<S: AsRef<[u8]>>(&mut self, key: &str, values: &[S]) -> Result<(), FormatError> {
        self.meta(key, MetaValue::Array(MetaArray::Str(values.iter().collect())))
    }

    /// Adds a tensor of row-major `shape` whose `bytes` are whole blocks of `block`.
    ///
    /// # Errors
    /// `Shape`, `Overflow`, `Limit`, `Duplicate`; `Offset` where `bytes` is not as long as the shape takes.
    pub fn tensor(&mut self, name: &str, shape: &[usize], block: BlockType, bytes: &[u8]) -> Result<(), FormatError> {
        if name.is_empty() || name.contains('\0') {
            return Err(FormatError::Utf8 { at: 0, what: shown("a tensor name") });
        }
        at_most("a tensor name", name.len(), MAX_NAME as u64)?;
        at_most("the number of tensors", self.infos.len().saturating_add(1), MAX_ITEMS)?;
        let dims: Vec<u64> = shape.iter().rev().map(|&d| d as u64).collect();
        if dims.is_empty() || dims.len() > super::parse::MAX_DIMS as usize {
            return Err(FormatError::shape(name, &dims, "1 to 4 dimensions"));
        }
        let ty = GgmlType::of_block(block);
        let expected = size(name, &dims, ty, 0)?;
        if expected != bytes.len() as u64 {
            return Err(FormatError::Offset { what: shown(name), offset: bytes.len() as u64, expected });
        }
        if !self.names.insert(name.to_owned()) {
            return Err(FormatError::Duplicate { at: 0, what: shown(name) });
        }
        self.infos.push((name.to_owned(), dims, ty, self.data.len() as u64));
        self.data.extend_from_slice(bytes);
        pad(&mut self.data);
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// None today; the signature keeps room for sizes that only show at the end.
    pub fn finish(self) -> Result<Vec<u8>, FormatError> {
        let mut out = b"GGUF".to_vec();
        out.extend(3u32.to_le_bytes());
        out.extend((self.infos.len() as u64).to_le_bytes());
        out.extend((self.meta.len() as u64).to_le_bytes());
        for (key, value) in &self.meta {
            put_bytes(&mut out, key.as_bytes());
            out.extend(value.type_number().to_le_bytes());
            put_value(&mut out, value);
        }
        for (name, dims, ty, offset) in &self.infos {
            put_bytes(&mut out, name.as_bytes());
            out.extend((dims.len() as u32).to_le_bytes());
            dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
            out.extend(ty.number().to_le_bytes());
            out.extend(offset.to_le_bytes());
        }
        pad(&mut out);
        out.extend(self.data);
        Ok(out)
    }
}

fn at_most(what: &str, got: usize, max: u64) -> Result<(), FormatError> {
    let got = got as u64;
    if got > max { Err(FormatError::Limit { at: 0, what: shown(what), got, max }) } else { Ok(()) }
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_value(out: &mut Vec<u8>, value: &MetaValue) {
    match value {
        MetaValue::U8(n) => out.extend(n.to_le_bytes()),
        MetaValue::I8(n) => out.extend(n.to_le_bytes()),
        MetaValue::U16(n) => out.extend(n.to_le_bytes()),
        MetaValue::I16(n) => out.extend(n.to_le_bytes()),
        MetaValue::U32(n) => out.extend(n.to_le_bytes()),
        MetaValue::I32(n) => out.extend(n.to_le_bytes()),
        MetaValue::F32(n) => out.extend(n.to_le_bytes()),
        MetaValue::Bool(b) => out.push(u8::from(*b)),
        MetaValue::Str(s) => put_bytes(out, s.as_bytes()),
        MetaValue::Array(a) => put_array(out, a),
        MetaValue::U64(n) => out.extend(n.to_le_bytes()),
        MetaValue::I64(n) => out.extend(n.to_le_bytes()),
        MetaValue::F64(n) => out.extend(n.to_le_bytes()),
    }
}

fn put_array(out: &mut Vec<u8>, array: &MetaArray) {
    out.extend(array.element_type().to_le_bytes());
    out.extend((array.len() as u64).to_le_bytes());
    match array {
        MetaArray::U8(a) => out.extend(a),
        MetaArray::I8(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
        MetaArray::U16(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
        MetaArray::I16(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
        MetaArray::U32(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
        MetaArray::I32(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
        MetaArray::F32(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
        MetaArray::Bool(a) => a.iter().for_each(|b| out.push(u8::from(*b))),
        MetaArray::Str(a) => a.iter().for_each(|s| put_bytes(out, s)),
        MetaArray::Array(a) => a.iter().for_each(|inner| put_array(out, inner)),
        MetaArray::U64(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
        MetaArray::I64(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
        MetaArray::F64(a) => a.iter().for_each(|n| out.extend(n.to_le_bytes())),
    }
}
