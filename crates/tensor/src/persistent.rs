//! Storage that outlives a step: KV caches, temporal memory.

use kinora_formats::BlockType;

use crate::gpu::cache;
use crate::ops::cache_write::cache_write;
use crate::ops::copy::{CopyDim, strided_copy};
use crate::tensor::Storage;
use crate::{DType, Device, Result, Tensor, TensorError};

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
            Device::Gpu(_) => Tensor::empty_persistent(device, shape, DType::F32)?, // made zeroed
        };
        Ok(Persistent { now, spare: None, len: 0 })
    }

    /// As [`Persistent::zeros`], with rows that are rounded to f16 or q8_0 when they are appended: for keys and values of
    /// [`Tensor::attention`]. In q8_0 the last dimension must be whole blocks of 32 values, in f16 on the GPU an even number.
    ///
    /// # Errors
    /// `Unsupported`, `OutOfMemory`.
    pub fn zeros_in(device: &Device, shape: &[usize], block: BlockType) -> Result<Persistent> {
        match block {
            BlockType::F32 => Self::zeros(device, shape),
            _ => Ok(Persistent { now: Tensor::zeros_cache(device, shape, block)?, spare: None, len: 0 }),
        }
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
            None => Tensor::empty_persistent(self.now.device(), self.now.shape(), DType::F32)?,
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
        if let Some(cache) = self.now.cache_mut() {
            cache.write(self.len * row, rows.f32()?);
            self.len += n;
            return Ok(());
        }
        if let (Device::Gpu(d), DType::Block(block)) = (self.now.device(), self.now.dtype()) {
            cache_write(d, rows, &self.now, block, self.len * row)?;
            self.len += n;
            return Ok(());
        }
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

    /// Another storage with the same rows. On the CPU they share them until one is written.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn fork(&self) -> Result<Persistent> {
        let mut now = self.now.clone();
        if let Device::Gpu(_) = now.device() {
            now = Tensor::empty_persistent(now.device(), now.shape(), now.dtype())?;
            let filled = self.len * (now.len() / self.capacity().max(1));
            strided_copy(&self.now, 0, &mut now, 0, &[CopyDim { len: filled, src: 1, dst: 1 }])?;
        }
        Ok(Persistent { now, spare: None, len: self.len })
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

    /// The rows that were appended, as GGUF stores values of the storage's type (little-endian f32, f16, or blocks of
    /// q8_0); waits for the device.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn to_bytes(&self) -> Result<Vec<u8>> {
        if let Storage::CpuCache(cache) = self.now.storage() {
            return Ok(cache.to_bytes(self.len * (self.now.len() / self.capacity().max(1))));
        }
        if let (Device::Gpu(d), DType::Block(block)) = (self.now.device(), self.now.dtype()) {
            let capacity = self.now.len();
            let len = self.len * (capacity / self.capacity().max(1));
            return d.cache_bytes(self.now.gpu("to_bytes")?.0, block, capacity, len).await;
        }
        let values = self.filled()?.to_vec().await?;
        Ok(values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Takes the rows that [`Persistent::to_bytes`] gave in place of its own.
    ///
    /// # Errors
    /// `Shape` when the bytes are not whole rows or too many.
    pub fn set_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let capacity = self.capacity();
        let row = self.now.len() / capacity.max(1);
        let block = if let DType::Block(block) = self.now.dtype() { block } else { BlockType::F32 };
        let size = row / block.block_len() * block.block_bytes();
        let n = bytes.len() / size.max(1);
        if n * size != bytes.len() || n > capacity {
            let expected = format!("at most {capacity} rows of {size} bytes");
            return Err(TensorError::Shape { op: "set_bytes", arg: "bytes", got: vec![bytes.len()], expected });
        }
        self.len = 0;
        if let Some(cache) = self.now.cache_mut() {
            cache.set_bytes(bytes);
            self.len = n;
            return Ok(());
        }
        if n == 0 {
            return Ok(());
        }
        if let (Device::Gpu(d), DType::Block(block)) = (self.now.device(), self.now.dtype()) {
            d.set_cache_bytes(self.now.gpu("set_bytes")?.0, block, self.now.len(), bytes)?;
            self.len = n;
            return Ok(());
        }
        let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let shape = [&[n], self.now.shape().get(1..).unwrap_or_default()].concat();
        self.append(&Tensor::from_f32(self.now.device(), &shape, &values)?)
    }

    /// How many rows were appended.
    pub fn len_rows(&self) -> usize {
        self.len
    }

    /// The shape of a row.
    pub(crate) fn row_shape(&self) -> &[usize] {
        self.now.shape().get(1..).unwrap_or_default()
    }

    /// Rows that still fit.
    pub(crate) fn room(&self) -> usize {
        self.capacity() - self.len
    }

    /// Counts `n` rows more, which an operation wrote behind those already there. Errors: `Shape` without room.
    pub(crate) fn advance(&mut self, n: usize) -> Result<()> {
        if n > self.room() {
            let expected = format!("at most {} rows", self.room());
            return Err(TensorError::Shape { op: "advance", arg: "rows", got: vec![n], expected });
        }
        self.len += n;
        Ok(())
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
        if let Some(cache) = self.now.cache_mut() {
            cache.move_to_front(n * row, kept * row);
            self.len = kept;
            return Ok(());
        }
        if let DType::Block(block) = self.now.dtype() {
            self.move_words(block, n * row, kept * row)?;
            self.len = kept;
            return Ok(());
        }
        // Through a temporary: source and destination overlap
        let mut rest = Tensor::empty(self.now.device(), &[kept * row], DType::F32)?;
        strided_copy(&self.now, n * row, &mut rest, 0, &[CopyDim { len: kept * row, src: 1, dst: 1 }])?;
        self.len = 0;
        if kept == 0 {
            return Ok(());
        }
        let shape = [&[kept], self.now.shape().get(1..).unwrap_or_default()].concat();
        self.append(&rest.reshape(&shape)?)
    }

    /// Moves `len` values from `start` on to the front of a cache on the GPU.
    fn move_words(&mut self, block: BlockType, start: usize, len: usize) -> Result<()> {
        let capacity = self.now.len();
        let row = self.now.last_dim();
        let mut words = self.now.gpu_words(cache::words(block, capacity, row)?)?;
        let (from, to) = (cache::runs(block, capacity, start, len), cache::runs(block, capacity, 0, len));
        for ((from, len), (to, _)) in from.into_iter().zip(to) {
            // through a temporary: source and destination overlap
            let mut rest = Tensor::empty(self.now.device(), &[len], DType::U32)?;
            strided_copy(&words, from, &mut rest, 0, &[CopyDim { len, src: 1, dst: 1 }])?;
            strided_copy(&rest, 0, &mut words, to, &[CopyDim { len, src: 1, dst: 1 }])?;
        }
        Ok(())
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
