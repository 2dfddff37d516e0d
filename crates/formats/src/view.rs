//! What both file formats hand out.

use std::borrow::Cow;

use crate::{BlockType, FormatError};

/// A tensor inside a file: its shape and its bytes, which are checked to belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorView<'a> {
    /// Row-major, the last dimension is contiguous: a linear layer is `[out, in]`.
    pub shape: Vec<usize>,
    /// How the values are stored.
    pub block: BlockType,
    /// Whole blocks, row after row; exactly as many as `shape` takes. Borrowed where the file lies in memory, else read for
    /// this view.
    pub bytes: Cow<'a, [u8]>,
}

impl TensorView<'_> {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as f32, dequantised by the scalar reference. `len()` values.
    ///
    /// # Errors
    /// `Shape`, if the view was built by hand and its bytes do not fit its shape.
    pub fn to_f32(&self) -> Result<Vec<f32>, FormatError> {
        let mut out = vec![0.0; self.len()];
        crate::quant::dequantize(self.block, &self.bytes, &mut out)?;
        Ok(out)
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
