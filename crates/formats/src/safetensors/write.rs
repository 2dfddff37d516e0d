//! The writer, checked by the same rules as the reader.

use std::collections::BTreeMap;

use super::parse::{MAX_DIMS, MAX_NAME, size};
use super::{Dtype, SafeTensors};
use crate::FormatError;
use crate::error::shown;

/// Builds a safetensors file in memory. Tensors lie in the order of their names, data aligned to 8 bytes.
#[derive(Clone, Debug, Default)]
pub struct SafetensorsWriter {
    meta: BTreeMap<String, String>,
    tensors: BTreeMap<String, (Dtype, Vec<u64>, Vec<u8>)>,
}

impl SafetensorsWriter {
    /// An empty file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a metadata string.
    ///
    /// # Errors
    /// `Duplicate`.
    pub fn meta(&mut self, key: &str, value: &str) -> Result<(), FormatError> {
        match self.meta.insert(key.to_owned(), value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(FormatError::Duplicate { at: 0, what: shown(key) }),
        }
    }

    /// Adds a tensor of row-major `shape`; `dtype` as in the file (`"F32"`, `"I64"`, …), `bytes` little-endian.
    ///
    /// # Errors
    /// `Type` for an unknown dtype, `Duplicate`, `Limit`, `Overflow`; `Offset` where `bytes` does not fit the shape.
    pub fn tensor(&mut self, name: &str, shape: &[usize], dtype: &str, bytes: &[u8]) -> Result<(), FormatError> {
        let unknown =
            || FormatError::Type { at: 0, what: shown(name), found: shown(format!("the unknown dtype {dtype}")) };
        let dtype = Dtype::from_name(dtype).ok_or_else(unknown)?;
        for (what, got, max) in [("a tensor name", name.len(), MAX_NAME), ("dimensions", shape.len(), MAX_DIMS)] {
            if got > max {
                return Err(FormatError::Limit { at: 0, what: shown(what), got: got as u64, max: max as u64 });
            }
        }
        if name == "__metadata__" {
            return Err(FormatError::Duplicate { at: 0, what: shown(name) });
        }
        let shape: Vec<u64> = shape.iter().map(|&d| d as u64).collect();
        let expected = size(name, &shape, dtype, 0)?;
        if expected != bytes.len() as u64 {
            return Err(FormatError::Offset { what: shown(name), offset: bytes.len() as u64, expected });
        }
        match self.tensors.insert(name.to_owned(), (dtype, shape, bytes.to_vec())) {
            None => Ok(()),
            Some(_) => Err(FormatError::Duplicate { at: 0, what: shown(name) }),
        }
    }

    /// Adds a tensor of f32 values. Errors as [`SafetensorsWriter::tensor`].
    #[allow(clippy::missing_errors_doc)]
    pub fn f32(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Result<(), FormatError> {
        self.tensor(name, shape, "F32", &crate::quant::f32_bytes(values))
    }

    /// The file.
    ///
    /// # Errors
    /// `Limit` where the header grew beyond what the reader accepts.
    pub fn finish(self) -> Result<Vec<u8>, FormatError> {
        let mut fields = serde_json::Map::new();
        if !self.meta.is_empty() {
            fields.insert("__metadata__".into(), serde_json::json!(self.meta));
        }
        let mut data = Vec::new();
        for (name, (dtype, shape, bytes)) in self.tensors {
            let begin = data.len();
            data.extend(bytes);
            let entry =
                serde_json::json!({ "dtype": dtype.name(), "shape": shape, "data_offsets": [begin, data.len()] });
            fields.insert(name, entry);
        }
        let mut header = serde_json::Value::Object(fields).to_string();
        while !header.len().is_multiple_of(8) {
            header.push(' ');
        }
        let mut out = (header.len() as u64).to_le_bytes().to_vec();
        out.extend(header.into_bytes());
        out.extend(data);
        SafeTensors::parse(&out)?;
        Ok(out)
    }
}
