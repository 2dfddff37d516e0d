//! Moving values: views, slices, permutations, concatenation. All of them are one strided copy.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::cpu::quantised_rows;
use crate::{DType, Device, MAX_DIMS, Result, Tensor};

/// One loop of a copy: `len` steps of `src` and `dst` elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CopyDim {
    pub len: usize,
    pub src: usize,
    pub dst: usize,
}

/// Copies 4-byte elements from `src_offset` on into `dst` from `dst_offset` on (relative to the tensors' own offsets), with the
/// outermost loop first; at most [`MAX_DIMS`] loops, and no element of `dst` is written twice. On the CPU nobody may share `dst`.
pub(crate) fn strided_copy(
    src: &Tensor,
    src_offset: usize,
    dst: &mut Tensor,
    dst_offset: usize,
    dims: &[CopyDim],
) -> Result<()> {
    if dims.iter().any(|d| d.len == 0) {
        return Ok(());
    }
    // Loops that continue one another are one loop.
    let mut merged = [CopyDim { len: 1, src: 0, dst: 0 }; MAX_DIMS];
    let mut n = 0usize;
    for d in dims.iter().filter(|d| d.len > 1) {
        let last = &mut merged[n.saturating_sub(1)];
        if n > 0 && last.src == d.len * d.src && last.dst == d.len * d.dst {
            *last = CopyDim { len: last.len * d.len, ..*d };
        } else {
            merged[n] = *d;
            n += 1;
        }
    }
    let dims = &merged[..n];
    match src.device().clone() {
        Device::Cpu(d) => match src.dtype() {
            DType::U32 => cpu::strided_copy(&d, &src.u32()?[src_offset..], &mut dst.u32_mut()?[dst_offset..], dims),
            _ => cpu::strided_copy(&d, &src.f32()?[src_offset..], &mut dst.f32_mut()?[dst_offset..], dims),
        },
        Device::Gpu(d) => gpu::strided_copy(&d, src, src_offset, dst, dst_offset, dims)?,
    }
    Ok(())
}

/// Elements from one index to the next, for each dimension of a contiguous shape.
fn strides(shape: &[usize]) -> [usize; MAX_DIMS] {
    let mut strides = [1; MAX_DIMS];
    for i in (0..shape.len().saturating_sub(1)).rev() {
        strides[i] = strides[i + 1] * shape[i + 1];
    }
    strides
}

impl Tensor {
    /// The same values in another shape of as many elements. Never copies.
    ///
    /// # Errors
    /// `Shape`; `DType` for a weight in blocks.
    pub fn reshape(&self, shape: &[usize]) -> Result<Tensor> {
        let check = Check("reshape");
        if let DType::Block(_) = self.dtype() {
            check.f32("x", self)?;
        }
        let elements = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        check.that(elements == Some(self.len()), "x", self, "as many elements as the new shape")?;
        self.view(self.offset(), shape)
    }

    /// `len` indices of dimension `dim`, from `start` on. A view where the values are contiguous, else a copy; rows of a weight in
    /// blocks are copied (CPU only).
    ///
    /// # Errors
    /// `Shape` when there are not that many.
    pub fn narrow(&self, dim: usize, start: usize, len: usize) -> Result<Tensor> {
        let check = Check("narrow");
        let available = self.shape().get(dim).copied();
        if !available.is_some_and(|n| start <= n && len <= n - start) {
            return Err(check.bad_shape("x", self, format!("{start} + {len} indices in dimension {dim}")));
        }
        if let DType::Block(_) = self.dtype() {
            return quantised_rows(self, dim, start, len);
        }
        let outer: usize = self.shape()[..dim].iter().product();
        let inner: usize = self.shape()[dim + 1..].iter().product();
        let mut shape = crate::shape::Shape::new(self.shape()).ok_or_else(|| check.bad_shape("x", self, "a shape"))?;
        shape.set(dim, len);
        let offset = start * inner;
        // WebGPU binds buffers at multiples of 256 bytes.
        let bindable = matches!(self.device(), Device::Cpu(_)) || (self.offset() + offset).is_multiple_of(64);
        if outer == 1 && bindable {
            return self.view(self.offset() + offset, &shape);
        }
        let mut y = Tensor::empty(self.device(), &shape, self.dtype())?;
        let width = available.unwrap_or(0) * inner;
        let dims = [CopyDim { len: outer, src: width, dst: len * inner }, CopyDim { len: len * inner, src: 1, dst: 1 }];
        strided_copy(self, offset, &mut y, 0, &dims)?;
        Ok(y)
    }

    /// Each index of dimension `dim`, without that dimension.
    ///
    /// # Errors
    /// `Shape` when there is no such dimension.
    pub fn unstack(&self, dim: usize) -> Result<Vec<Tensor>> {
        let parts = self.chunk(self.dim(dim), dim)?;
        let shape: Vec<usize> =
            self.shape().iter().enumerate().filter(|&(i, _)| i != dim).map(|(_, &len)| len).collect();
        parts.iter().map(|part| part.reshape(&shape)).collect()
    }

    /// `n` equal parts along dimension `dim`.
    ///
    /// # Errors
    /// `Shape` when `n` does not divide that dimension.
    pub fn chunk(&self, n: usize, dim: usize) -> Result<Vec<Tensor>> {
        let check = Check("chunk");
        let divides = self.shape().get(dim).is_some_and(|&len| n > 0 && len.is_multiple_of(n));
        check.that(divides, "x", self, "a dimension that the number of parts divides")?;
        let len = self.dim(dim) / n;
        (0..n).map(|i| self.narrow(dim, i * len, len)).collect()
    }

    /// Dimensions in another order: dimension i of the result is dimension `order[i]` of `self`. Copies.
    ///
    /// # Errors
    /// `Shape` when `order` is not a permutation; `DType` for a weight in blocks.
    pub fn permute(&self, order: &[usize]) -> Result<Tensor> {
        let check = Check("permute");
        if let DType::Block(_) = self.dtype() {
            check.f32("x", self)?;
        }
        let rank = self.shape().len();
        let is_permutation = order.len() == rank && (0..rank).all(|i| order.contains(&i));
        check.that(is_permutation, "x", self, "one dimension for each entry of `order`")?;
        let shape: Vec<usize> = order.iter().map(|&i| self.dim(i)).collect();
        let mut y = Tensor::empty(self.device(), &shape, self.dtype())?;
        let (src, dst) = (strides(self.shape()), strides(&shape));
        let mut dims = [CopyDim { len: 1, src: 0, dst: 0 }; MAX_DIMS];
        for (i, &from) in order.iter().enumerate() {
            dims[i] = CopyDim { len: shape[i], src: src[from], dst: dst[i] };
        }
        strided_copy(self, 0, &mut y, 0, &dims[..rank])?;
        Ok(y)
    }

    /// The parts one after another along dimension `dim`; all other dimensions alike.
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`; `Shape` also for no parts.
    pub fn concat(parts: &[&Tensor], dim: usize) -> Result<Tensor> {
        let check = Check("concat");
        let Some(first) = parts.first() else {
            return Err(crate::TensorError::Shape {
                op: "concat",
                arg: "parts",
                got: vec![],
                expected: "a part".into(),
            });
        };
        check.that(dim < first.shape().len(), "parts", first, "a dimension of that number")?;
        let mut shape = first.shape().to_vec();
        shape[dim] = 0;
        for part in parts {
            match first.dtype() {
                DType::U32 => check.u32("parts", part)?,
                _ => check.f32("parts", part)?,
            }
            check.device(first, "parts", part)?;
            let total = shape[dim] + part.dim(dim);
            shape[dim] = part.dim(dim);
            check.shape("parts", part, &shape)?;
            shape[dim] = total;
        }
        let outer: usize = shape[..dim].iter().product();
        let inner: usize = shape[dim + 1..].iter().product();
        let mut y = Tensor::empty(first.device(), &shape, first.dtype())?;
        let mut at = 0;
        for part in parts {
            let width = part.dim(dim) * inner;
            let dims =
                [CopyDim { len: outer, src: width, dst: shape[dim] * inner }, CopyDim { len: width, src: 1, dst: 1 }];
            strided_copy(part, 0, &mut y, at, &dims)?;
            at += width;
        }
        Ok(y)
    }
}
