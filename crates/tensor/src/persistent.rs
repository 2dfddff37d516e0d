//! Storage that outlives a step: KV caches, temporal memory.

use crate::ops::copy::{CopyDim, strided_copy};
use crate::{Device, Result, Tensor, TensorError};

/// A tensor made once, at load, and written in every step. Its first dimension counts rows.
///
/// Two uses: a cache that grows ([`append`](Persistent::append), [`view`](Persistent::view) and
/// [`len_rows`](Persistent::len_rows)), and a memory of one value ([`replace`](Persistent::replace)).
pub struct Persistent {
    now: Tensor,
    spare: Option<Tensor>,
    len: usize,
}

impl Persistent {
    /// Zeros of this shape; `shape[0]` is the capacity in rows, of which none is filled.
    pub fn zeros(device: &Device, shape: &[usize]) -> Result<Persistent> {
        let now = match device {
            Device::Cpu(_) => Tensor::zeros(device, shape)?,
            Device::Gpu(_) => Tensor::empty_persistent(device, shape, crate::DType::F32)?, // made zeroed
        };
        Ok(Persistent { now, spare: None, len: 0 })
    }

    /// Stores `x` (of the storage's shape) and returns the value before it: zeros at first. On the GPU the returned
    /// tensor is valid until the next `replace`.
    ///
    /// # Errors
    /// `Shape`, `Device`, `OutOfMemory`.
    pub fn replace(&mut self, x: &Tensor) -> Result<Tensor> {
        let check = crate::check::Check("replace");
        check.operand(&self.now, "x", x, self.now.shape())?;
        if let Device::Cpu(_) = self.now.device() {
            return Ok(std::mem::replace(&mut self.now, x.clone()));
        }
        let mut spare = match self.spare.take() {
            Some(spare) => spare,
            None => Tensor::empty_persistent(self.now.device(), self.now.shape(), crate::DType::F32)?,
        };
        strided_copy(x, 0, &mut spare, 0, &[CopyDim { len: x.len(), src: 1, dst: 1 }])?;
        let before = std::mem::replace(&mut self.now, spare);
        self.spare = Some(before.clone());
        Ok(before)
    }

    /// Writes `rows` [n, ..] behind the rows already there.
    ///
    /// # Errors
    /// `Shape` when the rows differ from the storage's or there is no room for them; nothing is written then.
    pub fn append(&mut self, rows: &Tensor) -> Result<()> {
        let check = crate::check::Check("append");
        check.f32("rows", rows)?;
        check.device(&self.now, "rows", rows)?;
        let (n, capacity) = (rows.dim(0), self.now.dim(0));
        let like = rows.shape().len() == self.now.shape().len() && rows.shape().get(1..) == self.now.shape().get(1..);
        if !like || n > capacity - self.len {
            let expected = format!("at most {} rows of {:?}", capacity - self.len, self.now.shape().get(1..));
            return Err(check.bad_shape("rows", rows, expected));
        }
        let row: usize = self.now.len() / capacity.max(1);
        let dims = [CopyDim { len: rows.len(), src: 1, dst: 1 }];
        if let Device::Cpu(_) = self.now.device()
            && self.now.f32_mut().is_err()
        {
            // A view of an earlier step is still alive and keeps its values.
            let mut copy = self.now.empty_like()?;
            copy.f32_mut()?.copy_from_slice(self.now.f32()?);
            self.now = copy;
        }
        strided_copy(rows, 0, &mut self.now, self.len * row, &dims)?;
        self.len += n;
        Ok(())
    }

    /// All rows up to the capacity; only the first [`len_rows`](Persistent::len_rows) are meaningful. For
    /// [`Attention::kv_len`](crate::Attention), so that what grows is a parameter, not a shape.
    pub fn view(&self) -> Tensor {
        self.now.clone()
    }

    /// The rows that were appended, [len_rows, ..].
    pub fn filled(&self) -> Result<Tensor> {
        self.now.narrow(0, 0, self.len)
    }

    /// How many rows were appended.
    pub fn len_rows(&self) -> usize {
        self.len
    }

    /// Rows that fit.
    pub fn capacity(&self) -> usize {
        self.now.dim(0)
    }

    /// Forgets the first `n` rows; the others move to the front.
    ///
    /// # Errors
    /// `Shape` when fewer are there, `OutOfMemory`.
    pub fn drop_first(&mut self, n: usize) -> Result<()> {
        if n > self.len {
            let expected = format!("at least {n} rows");
            return Err(TensorError::Shape { op: "drop_first", arg: "self", got: vec![self.len], expected });
        }
        if n == 0 {
            return Ok(());
        }
        let kept = self.len - n;
        let row: usize = self.now.len() / self.capacity().max(1);
        // Through a temporary: source and destination overlap
        let mut rest = Tensor::empty(self.now.device(), &[kept * row], crate::DType::F32)?;
        strided_copy(&self.now, n * row, &mut rest, 0, &[CopyDim { len: kept * row, src: 1, dst: 1 }])?;
        self.len = 0;
        if kept == 0 {
            return Ok(());
        }
        let shape = [&[kept], self.now.shape().get(1..).unwrap_or_default()].concat();
        self.append(&rest.reshape(&shape)?)
    }

    /// Forgets all rows but the first `n`.
    ///
    /// # Errors
    /// `Shape` when fewer are there.
    pub fn truncate(&mut self, n: usize) -> Result<()> {
        if n > self.len {
            let expected = format!("at least {n} rows");
            return Err(TensorError::Shape { op: "truncate", arg: "self", got: vec![self.len], expected });
        }
        self.len = n;
        Ok(())
    }
}
