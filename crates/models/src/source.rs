//! The weights of a file under a prefix, as a network asks for them while it is loaded.

use std::cell::RefCell;
use std::rc::Rc;

use kinora_formats::{BlockType, TensorSource, TensorView};
use kinora_tensor::{Device, Tensor};
use xxhash_rust::xxh3::Xxh3;

use crate::{ModelError, Result};

/// Bytes at either end of a tensor that its fingerprint sees.
const ENDS: usize = 256;

/// Of all tensors that were read: names, shapes, types and ends. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Seen(Rc<RefCell<Xxh3>>);

impl Seen {
    /// Tells files apart.
    pub fn fingerprint(&self) -> u64 {
        self.0.borrow().digest()
    }
}

/// Named tensors below a prefix. Cheap to clone; every error names the whole tensor.
#[derive(Clone)]
pub struct Weights<'a> {
    source: &'a dyn TensorSource,
    prefix: String,
    seen: Seen,
}

impl<'a> Weights<'a> {
    /// All tensors of a file.
    pub fn new(source: &'a dyn TensorSource) -> Self {
        Self::continued(source, &Seen::default())
    }

    /// All tensors of a file of which `seen` has been read already.
    pub(crate) fn continued(source: &'a dyn TensorSource, seen: &Seen) -> Self {
        Self { source, prefix: String::new(), seen: seen.clone() }
    }

    /// The tensors below `name`: `pp("blk.0").get("attn_q.weight", ..)`.
    pub fn pp(&self, name: &str) -> Self {
        Self { prefix: self.path(name), ..self.clone() }
    }

    /// Whether the file has the tensor.
    pub fn has(&self, name: &str) -> bool {
        self.source.has(&self.path(name))
    }

    /// The shape of a tensor, row-major.
    ///
    /// # Errors
    /// `Format` when there is none of this name.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>> {
        Ok(self.view(name)?.shape)
    }

    /// The tensor `name`, whose shape must be `shape`. A matrix keeps the file's block type.
    ///
    /// # Errors
    /// `Format`, `Shape`, `Tensor` (out of memory).
    pub fn get(&self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor> {
        let view = self.view(name)?;
        self.check_shape(name, &view, shape)?;
        Ok(Tensor::weight(device, &view)?)
    }

    /// Refuses the tensor `name` of another shape than `shape`.
    pub(crate) fn check_shape(&self, name: &str, view: &TensorView, shape: &[usize]) -> Result<()> {
        if view.shape == shape {
            return Ok(());
        }
        Err(ModelError::shape(&self.path(name), &view.shape, format!("{shape:?}")))
    }

    /// The tensor `name` whatever its shape.
    ///
    /// # Errors
    /// `Format`, `Tensor`.
    pub fn any(&self, name: &str, device: &Device) -> Result<Tensor> {
        Ok(Tensor::weight(device, &self.view(name)?)?)
    }

    /// The tensor `name` of any rank as a matrix [rows, cols], in the file's block type.
    ///
    /// # Errors
    /// `Format`, `Shape` when it has another number of values, `Tensor`.
    pub fn matrix(&self, name: &str, rows: usize, cols: usize, device: &Device) -> Result<Tensor> {
        let view = self.view(name)?;
        if view.len() != rows.saturating_mul(cols) {
            return Err(ModelError::shape(&self.path(name), &view.shape, format!("{rows} × {cols} values")));
        }
        Ok(Tensor::weight(device, &view.with_shape(vec![rows, cols]))?)
    }

    /// The bytes of a tensor as they are in the file.
    ///
    /// # Errors
    /// `Format`.
    pub fn view(&self, name: &str) -> Result<TensorView<'a>> {
        let path = self.path(name);
        let view = self.source.tensor(&path)?;
        let mut seen = self.seen.0.borrow_mut();
        seen.update(format!("{path} {:?} {:?} ", view.shape, view.block).as_bytes());
        // of the first block only: each of these is a read of its own where the file is read by ranges
        if path.starts_with("blk.0.") || !path.starts_with("blk.") {
            let (len, ends) = (view.byte_len(), ENDS.min(view.byte_len()));
            seen.update(&view.range(0, ends)?);
            seen.update(&view.range(len - ends, ends)?);
        }
        Ok(view)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_string() } else { format!("{}.{name}", self.prefix) }
    }
}

/// Values that are made once, at load, and outlive every step.
pub(crate) fn constant(device: &Device, shape: &[usize], values: &[f32]) -> Result<Tensor> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Ok(Tensor::weight_f32(device, &TensorView::new(shape.to_vec(), BlockType::F32, &bytes))?)
}
