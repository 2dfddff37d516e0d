//! The tensor: storage on a device, an offset into it, a shape.

use std::sync::Arc;

use kinora_formats::{BlockType, TensorView};

use crate::cpu::{CpuBuf, CpuCache, CpuWeight};
use crate::gpu::{GpuBuffer, GpuWeight};
use crate::shape::Shape;
use crate::{DType, Device, Result, TensorError};

/// A contiguous, row-major array on a device. Cloning is cheap and shares the storage, which no operation changes.
#[derive(Clone)]
pub struct Tensor {
    device: Device,
    storage: Storage,
    /// First element, for views.
    offset: usize,
    shape: Shape,
    dtype: DType,
}

#[derive(Clone)]
pub(crate) enum Storage {
    Cpu(Arc<CpuBuf>),
    CpuWeight(Arc<CpuWeight>),
    CpuCache(Arc<CpuCache>),
    Gpu(GpuBuffer),
    GpuWeight(GpuWeight),
}

/// The error for a shape with too many dimensions or elements.
fn too_large(op: &'static str, shape: &[usize]) -> TensorError {
    let expected = format!("at most {} dimensions, in all at most {} elements", crate::MAX_DIMS, usize::MAX / 4);
    TensorError::Shape { op, arg: "shape", got: shape.to_vec(), expected }
}

impl Tensor {
    /// f32 values, `data` in row-major order.
    ///
    /// # Errors
    /// `Shape` when `data` has another length than `shape` says, `OutOfMemory`.
    pub fn from_f32(device: &Device, shape: &[usize], data: &[f32]) -> Result<Tensor> {
        let shape = of_length("from_f32", shape, data.len())?;
        if let Device::Gpu(d) = device {
            return Ok(Tensor::on_gpu(device, shape, DType::F32, d.alloc_with(bytemuck::cast_slice(data))?));
        }
        let mut t = Tensor::empty(device, &shape, DType::F32)?;
        t.f32_mut()?.copy_from_slice(data);
        Ok(t)
    }

    /// u32 values (token ids, indices), `data` in row-major order. Errors as [`Tensor::from_f32`].
    pub fn from_u32(device: &Device, shape: &[usize], data: &[u32]) -> Result<Tensor> {
        let shape = of_length("from_u32", shape, data.len())?;
        if let Device::Gpu(d) = device {
            return Ok(Tensor::on_gpu(device, shape, DType::U32, d.alloc_with(bytemuck::cast_slice(data))?));
        }
        let mut t = Tensor::empty(device, &shape, DType::U32)?;
        t.u32_mut()?.copy_from_slice(data);
        Ok(t)
    }

    /// f32 zeros.
    pub fn zeros(device: &Device, shape: &[usize]) -> Result<Tensor> {
        if let Device::Gpu(d) = device {
            let shape = Shape::new(shape).ok_or_else(|| too_large("zeros", shape))?;
            return Ok(Tensor::on_gpu(device, shape, DType::F32, d.alloc_zeroed(shape.elements() * 4)?));
        }
        let mut t = Tensor::empty(device, shape, DType::F32)?;
        t.f32_mut()?.fill(0.0);
        Ok(t)
    }

    /// A weight from a file. A matrix `[out, in]` keeps its block type, and so its size in memory; tensors of any other
    /// rank (norms, biases, convolution kernels) and all F32 become f32. On the GPU a matrix above the size of one binding lies
    /// in several buffers; only `linear` and `embedding` read it.
    ///
    /// # Errors
    /// `Shape` when the bytes do not fit the shape, `OutOfMemory`.
    pub fn weight(device: &Device, view: &TensorView<'_>) -> Result<Tensor> {
        let matrix = view.shape.len() == 2;
        let spans = |d: &crate::GpuDevice| matrix && (view.byte_len() as u64) > d.binding_limit();
        let split = matches!(device, Device::Gpu(d) if spans(d));
        if (view.block == BlockType::F32 && !split) || !matrix {
            return Tensor::weight_f32(device, view);
        }
        check_bytes(view)?;
        let shape = Shape::new(&view.shape).ok_or_else(|| too_large("weight", &view.shape))?;
        let storage = match device {
            Device::Cpu(d) => Storage::CpuWeight(Arc::new(CpuWeight::new(d, std::slice::from_ref(view))?)),
            Device::Gpu(d) => Storage::GpuWeight(d.weight(std::slice::from_ref(view))?),
        };
        Ok(Tensor { device: device.clone(), storage, offset: 0, shape, dtype: DType::Block(view.block) })
    }

    /// Matrices [Ni, K] of one block type as one [Σ Ni, K], their rows one below the other.
    ///
    /// # Errors
    /// `Shape` when the widths, block types or ranks differ or there is none; else as [`Tensor::weight`].
    pub fn weight_stacked(device: &Device, views: &[TensorView<'_>]) -> Result<Tensor> {
        let bad = |view: Option<&TensorView<'_>>| TensorError::Shape {
            op: "weight_stacked",
            arg: "views",
            got: view.map_or_else(Vec::new, |v| v.shape.clone()),
            expected: "matrices of one width and block type".to_owned(),
        };
        let Some((first, others)) = views.split_first() else { return Err(bad(None)) };
        let &[_, k] = first.shape.as_slice() else { return Err(bad(Some(first))) };
        if let Some(other) = others.iter().find(|v| v.block != first.block || v.shape.len() != 2 || v.shape[1] != k) {
            return Err(bad(Some(other)));
        }
        views.iter().try_for_each(check_bytes)?;
        let rows = views.iter().map(|v| v.shape[0]).sum();
        let shape = Shape::new(&[rows, k]).ok_or_else(|| too_large("weight_stacked", &[rows, k]))?;
        let dtype = DType::Block(first.block);
        let storage = match device {
            Device::Cpu(_) if first.block == BlockType::F32 => {
                let bytes = views.iter().map(TensorView::bytes).collect::<Result<Vec<_>, _>>()?.concat();
                return Tensor::weight_f32(device, &TensorView::new(vec![rows, k], first.block, &bytes));
            }
            Device::Cpu(d) => Storage::CpuWeight(Arc::new(CpuWeight::new(d, views)?)),
            Device::Gpu(d) => Storage::GpuWeight(d.weight(views)?),
        };
        Ok(Tensor { device: device.clone(), storage, offset: 0, shape, dtype })
    }

    /// A weight from a file, widened to f32 whatever its rank and block type. Errors as [`Tensor::weight`].
    pub fn weight_f32(device: &Device, view: &TensorView<'_>) -> Result<Tensor> {
        check_bytes(view)?;
        let shape = of_length("weight", &view.shape, view.len())?;
        if let Device::Gpu(d) = device {
            let data = view.to_f32()?;
            let buffer = d.alloc_persistent(data.len() * 4)?;
            d.upload(&buffer, bytemuck::cast_slice(&data))?;
            return Ok(Tensor::on_gpu(device, shape, DType::F32, buffer));
        }
        let mut t = Tensor::empty(device, &shape, DType::F32)?;
        if let Storage::Cpu(buffer) = &mut t.storage {
            let buffer = unique(buffer)?;
            widen(view, buffer.f32_mut())?;
            buffer.constant = true;
        }
        Ok(t)
    }

    /// Dimensions, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The `i`-th dimension; 1 where there is none.
    pub fn dim(&self, i: usize) -> usize {
        self.shape.get(i).copied().unwrap_or(1)
    }

    /// The last dimension, along which values are contiguous; 1 for a scalar.
    pub fn last_dim(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// The product of all dimensions but the last.
    pub fn rows(&self) -> usize {
        self.shape.split_last().map_or(1, |(_, outer)| outer.iter().product())
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.elements()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where it lives.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The values, row-major; waits for the device.
    ///
    /// # Errors
    /// `DType` unless f32, `DeviceLost`.
    pub async fn to_vec(&self) -> Result<Vec<f32>> {
        if self.dtype != DType::F32 {
            return Err(TensorError::DType { op: "to_vec", arg: "self", got: self.dtype, expected: "f32" });
        }
        match (&self.storage, &self.device) {
            (Storage::Gpu(buffer), Device::Gpu(d)) => {
                let bytes = d.read(buffer, self.offset * 4, self.len() * 4).await?;
                Ok(bytemuck::pod_collect_to_vec(&bytes))
            }
            _ => Ok(self.f32()?.to_vec()),
        }
    }

    /// Uninitialised (arbitrary) values, to be written by the operation that asked.
    pub(crate) fn empty(device: &Device, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let shape = Shape::new(shape).ok_or_else(|| too_large("empty", shape))?;
        let storage = match device {
            Device::Cpu(d) => Storage::Cpu(Arc::new(d.buffer(shape.elements())?)),
            Device::Gpu(d) => Storage::Gpu(d.alloc(shape.elements() * 4)?),
        };
        Ok(Tensor { device: device.clone(), storage, offset: 0, shape, dtype })
    }

    /// As [`Tensor::empty`], but the storage never returns to the arena of a step.
    pub(crate) fn empty_persistent(device: &Device, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let Device::Gpu(d) = device else { return Tensor::empty(device, shape, dtype) };
        let shape = Shape::new(shape).ok_or_else(|| too_large("empty", shape))?;
        let storage = Storage::Gpu(d.alloc_persistent(shape.elements() * 4)?);
        Ok(Tensor { device: device.clone(), storage, offset: 0, shape, dtype })
    }

    /// Zeros of a cache in 16 or 8 bits; the first dimension counts rows. CPU only.
    pub(crate) fn zeros_cache(device: &Device, shape: &[usize], block: BlockType) -> Result<Tensor> {
        let shape = Shape::new(shape).ok_or_else(|| too_large("zeros", shape))?;
        let row = shape.last().copied().unwrap_or(1);
        let storage = match device {
            Device::Cpu(_) => Storage::CpuCache(Arc::new(CpuCache::zeros(block, shape.elements(), row)?)),
            Device::Gpu(d) => {
                Storage::Gpu(d.alloc_persistent(crate::gpu::cache::words(block, shape.elements(), row)? * 4)?)
            }
        };
        Ok(Tensor { device: device.clone(), storage, offset: 0, shape, dtype: DType::Block(block) })
    }

    /// The cache of [`Tensor::zeros_cache`], copied first where an earlier view still reads it.
    pub(crate) fn cache_mut(&mut self) -> Option<&mut CpuCache> {
        match &mut self.storage {
            Storage::CpuCache(cache) => Some(Arc::make_mut(cache)),
            _ => None,
        }
    }

    /// The words of a tensor on the GPU, whatever they hold.
    pub(crate) fn gpu_words(&self, words: usize) -> Result<Tensor> {
        self.gpu("words")?;
        let shape = Shape::new(&[words]).ok_or_else(|| too_large("words", &[words]))?;
        Ok(Tensor { shape, dtype: DType::U32, ..self.clone() })
    }

    /// An f32 tensor of the same shape, to be written.
    pub(crate) fn empty_like(&self) -> Result<Tensor> {
        Tensor::empty(&self.device, &self.shape, DType::F32)
    }

    /// The same storage, another offset (in elements) and shape; the caller has checked that it lies within.
    pub(crate) fn view(&self, offset: usize, shape: &[usize]) -> Result<Tensor> {
        let shape = Shape::new(shape).ok_or_else(|| too_large("view", shape))?;
        Ok(Tensor { offset, shape, ..self.clone() })
    }

    /// Another storage and shape of the same type on the same device.
    pub(crate) fn with_storage(&self, storage: Storage, shape: Shape) -> Tensor {
        Tensor { storage, shape, offset: 0, ..self.clone() }
    }

    pub(crate) fn storage(&self) -> &Storage {
        &self.storage
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// f32 values on the CPU.
    pub(crate) fn f32(&self) -> Result<&[f32]> {
        match &self.storage {
            Storage::Cpu(buffer) => Ok(&buffer.f32()[self.offset..self.offset + self.len()]),
            _ => Err(TensorError::Device { op: "cpu", arg: "tensor" }),
        }
    }

    /// u32 values on the CPU.
    pub(crate) fn u32(&self) -> Result<&[u32]> {
        match &self.storage {
            Storage::Cpu(buffer) => Ok(&buffer.u32()[self.offset..self.offset + self.len()]),
            _ => Err(TensorError::Device { op: "cpu", arg: "tensor" }),
        }
    }

    /// f32 values on the CPU of a tensor just made, which nobody shares.
    pub(crate) fn f32_mut(&mut self) -> Result<&mut [f32]> {
        let range = self.offset..self.offset + self.len();
        match &mut self.storage {
            Storage::Cpu(buffer) => Ok(&mut unique(buffer)?.f32_mut()[range]),
            _ => Err(TensorError::Device { op: "cpu", arg: "tensor" }),
        }
    }

    /// As [`Tensor::f32_mut`], for u32.
    pub(crate) fn u32_mut(&mut self) -> Result<&mut [u32]> {
        let range = self.offset..self.offset + self.len();
        match &mut self.storage {
            Storage::Cpu(buffer) => Ok(&mut unique(buffer)?.u32_mut()[range]),
            _ => Err(TensorError::Device { op: "cpu", arg: "tensor" }),
        }
    }

    /// The buffer on the GPU and the first element in it (in elements of 4 bytes).
    pub(crate) fn gpu(&self, op: &'static str) -> Result<(&GpuBuffer, usize)> {
        match &self.storage {
            Storage::Gpu(buffer) => Ok((buffer, self.offset)),
            _ => Err(TensorError::Device { op, arg: "tensor" }),
        }
    }

    fn on_gpu(device: &Device, shape: Shape, dtype: DType, buffer: GpuBuffer) -> Tensor {
        Tensor { device: device.clone(), storage: Storage::Gpu(buffer), offset: 0, shape, dtype }
    }
}

/// `shape`, when it has `len` elements.
fn of_length(op: &'static str, shape: &[usize], len: usize) -> Result<Shape> {
    let got = Shape::new(shape).ok_or_else(|| too_large(op, shape))?;
    if got.elements() == len {
        return Ok(got);
    }
    Err(TensorError::Shape { op, arg: "shape", got: shape.to_vec(), expected: format!("{len} elements") })
}

/// Write access to storage that was just made.
fn unique(buffer: &mut Arc<CpuBuf>) -> Result<&mut CpuBuf> {
    Arc::get_mut(buffer).ok_or_else(|| TensorError::unsupported("writing to a tensor that is shared"))
}

fn check_bytes(view: &TensorView<'_>) -> Result<()> {
    let len = Shape::new(&view.shape).ok_or_else(|| too_large("weight", &view.shape))?.elements();
    let rows_whole = view.shape.last().is_none_or(|&cols| cols.is_multiple_of(view.block.block_len()));
    if rows_whole && view.block.bytes_for(len) == Some(view.byte_len()) {
        return Ok(());
    }
    let expected = format!("rows of whole {} blocks in {} bytes", view.block.name(), view.byte_len());
    Err(TensorError::Shape { op: "weight", arg: "view", got: view.shape.clone(), expected })
}

/// The values of a tensor in pieces of a few megabytes.
fn widen(view: &TensorView<'_>, out: &mut [f32]) -> Result<()> {
    const PIECE: usize = 1 << 20; // values; whole blocks of every type
    let mut at = 0;
    for out in out.chunks_mut(PIECE) {
        let len = view.block.bytes_for(out.len()).unwrap_or(0);
        kinora_formats::quant::dequantize(view.block, &view.range(at, len)?, out)?;
        at += len;
    }
    Ok(())
}
