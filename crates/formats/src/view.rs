//! What both file formats hand out.

use std::borrow::Cow;

use crate::error::shown;
use crate::{BlockType, FormatError};

/// Random access to the bytes of a file, so that a model of gigabytes never has to lie in memory whole.
pub trait ReadAt {
    /// Bytes of the file.
    fn size(&self) -> u64;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// `Truncated` behind the end, `Read` where the storage fails.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError>;

    /// All bytes, where they lie in memory.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        out.copy_from_slice(part(self, offset, out.len())?);
        Ok(())
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// `len` bytes from `offset` on.
fn part(bytes: &[u8], offset: u64, len: usize) -> Result<&[u8], FormatError> {
    let found = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)?.get(..len));
    found.ok_or_else(|| FormatError::Truncated {
        at: offset,
        what: shown("a part of the file"),
        need: len as u64,
        have: (bytes.len() as u64).saturating_sub(offset),
    })
}

/// A tensor inside a file: its shape and where its bytes are, which are checked to belong together.
#[derive(Clone)]
pub struct TensorView<'a> {
    /// Row-major, the last dimension is contiguous: a linear layer is `[out, in]`.
    pub shape: Vec<usize>,
    /// How the values are stored.
    pub block: BlockType,
    data: Data<'a>,
}

#[derive(Clone)]
enum Data<'a> {
    Bytes(&'a [u8]),
    File { file: &'a dyn ReadAt, offset: u64, len: usize },
}

impl<'a> TensorView<'a> {
    /// Whole blocks in memory, row after row; exactly as many as `shape` takes.
    pub fn new(shape: Vec<usize>, block: BlockType, bytes: &'a [u8]) -> Self {
        Self { shape, block, data: Data::Bytes(bytes) }
    }

    /// `len` bytes of a file from `offset` on.
    pub(crate) fn in_file(shape: Vec<usize>, block: BlockType, file: &'a dyn ReadAt, offset: u64, len: usize) -> Self {
        let data = match file.in_memory().and_then(|bytes| part(bytes, offset, len).ok()) {
            Some(bytes) => Data::Bytes(bytes),
            None => Data::File { file, offset, len },
        };
        Self { shape, block, data }
    }

    /// The same bytes in another shape of as many values.
    pub fn with_shape(self, shape: Vec<usize>) -> Self {
        Self { shape, ..self }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of bytes.
    pub fn byte_len(&self) -> usize {
        match self.data {
            Data::Bytes(bytes) => bytes.len(),
            Data::File { len, .. } => len,
        }
    }

    /// All bytes; read from the file where they do not lie in memory.
    ///
    /// # Errors
    /// `Read`, `Truncated`.
    pub fn bytes(&self) -> Result<Cow<'a, [u8]>, FormatError> {
        self.range(0, self.byte_len())
    }

    /// `len` bytes from byte `start` on.
    ///
    /// # Errors
    /// `Truncated` where there are fewer, `Read`.
    pub fn range(&self, start: usize, len: usize) -> Result<Cow<'a, [u8]>, FormatError> {
        match self.data {
            Data::Bytes(bytes) => part(bytes, start as u64, len).map(Cow::Borrowed),
            Data::File { file, offset, len: all } => {
                if start.checked_add(len).is_none_or(|end| end > all) {
                    let (need, have) = (len as u64, all.saturating_sub(start) as u64);
                    return Err(FormatError::Truncated { at: offset, what: shown("a tensor"), need, have });
                }
                let mut out = Vec::new();
                out.try_reserve_exact(len).map_err(|_| FormatError::Read {
                    at: offset,
                    message: shown(format!("there is no memory for {len} bytes")),
                })?;
                out.resize(len, 0);
                file.read_at(offset.saturating_add(start as u64), &mut out)?;
                Ok(Cow::Owned(out))
            }
        }
    }

    /// `count` rows from row `first` on, where a row is all but the first dimension.
    ///
    /// # Errors
    /// `Shape` where there are fewer or they are no whole blocks.
    pub fn rows(&self, first: usize, count: usize) -> Result<TensorView<'a>, FormatError> {
        let bad = || {
            let found = shown(format!("{:?}", self.shape));
            let expected = shown(format!("{count} rows from row {first} on, of whole blocks"));
            FormatError::Shape { what: shown("a tensor"), found, expected }
        };
        let (rows, rest) = self.shape.split_first().ok_or_else(bad)?;
        let row_bytes = self.block.bytes_for(rest.iter().product()).ok_or_else(bad)?;
        if first.checked_add(count).is_none_or(|end| end > *rows) {
            return Err(bad());
        }
        let (start, len) = first.checked_mul(row_bytes).zip(count.checked_mul(row_bytes)).ok_or_else(bad)?;
        let data = match self.data {
            Data::Bytes(bytes) => Data::Bytes(part(bytes, start as u64, len)?),
            Data::File { file, offset, .. } => Data::File { file, offset: offset.saturating_add(start as u64), len },
        };
        let shape = std::iter::once(count).chain(rest.iter().copied()).collect();
        Ok(TensorView { shape, block: self.block, data })
    }

    /// The values as f32, dequantised by the scalar reference. `len()` values.
    ///
    /// # Errors
    /// `Shape`, if the view was built by hand and its bytes do not fit its shape; `Read`.
    pub fn to_f32(&self) -> Result<Vec<f32>, FormatError> {
        let mut out = vec![0.0; self.len()];
        crate::quant::dequantize(self.block, &self.bytes()?, &mut out)?;
        Ok(out)
    }

    /// Refuses weights that are infinite or no numbers; `name` is the tensor's. Reads everything, a few megabytes at a time.
    ///
    /// # Errors
    /// `NonFinite`; `Read`, `Shape`.
    pub fn check_finite(&self, name: &str) -> Result<(), FormatError> {
        const VALUES: usize = 1 << 18;
        let flat = |values: usize| FormatError::shape(name, &[values as u64], "whole blocks");
        let mut left = self.len();
        let mut at = 0usize;
        let mut values = Vec::new();
        while left > 0 {
            let n = left.min(VALUES);
            let bytes = self.block.bytes_for(n).ok_or_else(|| flat(n))?;
            values.resize(n, 0.0);
            crate::quant::dequantize(self.block, &self.range(at, bytes)?, &mut values)?;
            if let Some(bad) = values.iter().find(|v| !v.is_finite()) {
                return Err(FormatError::NonFinite { what: shown(name), value: shown(bad.to_string()) });
            }
            (left, at) = (left.saturating_sub(n), at.saturating_add(bytes));
        }
        Ok(())
    }
}

impl std::fmt::Debug for TensorView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TensorView({} {:?})", self.block.name(), self.shape)
    }
}

/// Something that holds named tensors: a GGUF or a safetensors file.
pub trait TensorSource {
    /// The tensor called `name`.
    ///
    /// # Errors
    /// `MissingTensor`, or `Unsupported` where its type is none of [`BlockType`].
    fn tensor(&self, name: &str) -> Result<TensorView<'_>, FormatError>;
    /// Whether there is a tensor called `name`.
    fn has(&self, name: &str) -> bool;
    /// All names, in the file's order.
    fn names(&self) -> Vec<String>;
}

/// The answer of a reader that was given the beginning of a file.
#[derive(Clone, Debug)]
pub enum HeaderRead<T> {
    /// The header is whole and sound.
    Done(T),
    /// The header goes on: at least this many bytes from the file's beginning are needed. Never more than the file has.
    More(u64),
}
