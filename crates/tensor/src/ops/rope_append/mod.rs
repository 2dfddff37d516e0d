//! What stands between the joint product of queries, keys and values and the attention, in one launch on the GPU.

mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{DType, Device, Persistent, Result, RopeStyle, Tensor};

/// How rows of queries, keys and values are taken apart.
#[derive(Clone, Copy)]
pub struct RopeAppend<'a> {
    /// Query heads.
    pub heads: usize,
    /// Key heads, and as many value heads.
    pub kv_heads: usize,
    /// Cosines and sines f32 [T, R/2] of the tokens' angles, and which channels are pairs; `None`: nothing rotates.
    pub rope: Option<(&'a Tensor, &'a Tensor, RopeStyle)>,
    /// First each query and each key head is RMS-normalised with these gains, f32 [D].
    pub norms: Option<(&'a Tensor, &'a Tensor)>,
    /// Epsilon of the norms.
    pub eps: f32,
}

impl Tensor {
    /// Takes `self`, f32 [T, (H + 2 Hkv) · D] of queries, then keys, then values, apart: normalises and rotates queries
    /// and keys, appends keys and values to their caches [.., Hkv, D], and returns the queries [T, H, D].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument; `Shape` also where the caches have no room. Nothing is written
    /// then.
    pub fn rope_append(&self, keys: &mut Persistent, values: &mut Persistent, o: &RopeAppend<'_>) -> Result<Tensor> {
        let check = Check("rope_append");
        check.f32("x", self)?;
        check.rank("x", self, 2, "[T, (H + 2 Hkv) · D]")?;
        let (t, all) = (self.dim(0), o.heads + 2 * o.kv_heads);
        check.that(all > 0 && self.dim(1).is_multiple_of(all), "x", self, "[T, (H + 2 Hkv) · D]")?;
        let dim = self.dim(1) / all;
        if let Some((cos, sin, _)) = o.rope {
            check.operand(self, "cos", cos, &[t, cos.dim(1)])?;
            check.operand(self, "sin", sin, cos.shape())?;
            check.that(cos.dim(1) * 2 <= dim, "cos", cos, "at most D / 2 angles a token")?;
        }
        if let Some((q, k)) = o.norms {
            check.operand(self, "q gain", q, &[dim])?;
            check.operand(self, "k gain", k, &[dim])?;
        }
        let room = |cache: &Persistent| cache.row_shape() == [o.kv_heads, dim] && t <= cache.room();
        check.that(room(keys) && room(values), "caches", self, "caches of [.., Hkv, D] with room for T rows")?;
        if let Device::Gpu(d) = self.device()
            && gpu::fits(dim)
            && keys.len_rows() == values.len_rows()
            && keys.capacity() == values.capacity()
            && keys.view().dtype() == values.view().dtype()
        {
            check.device(self, "keys", &keys.view())?;
            let q = Tensor::empty(self.device(), &[t, o.heads, dim], DType::F32)?;
            gpu::rope_append(d, self, [&keys.view(), &values.view()], keys.len_rows(), o, &q)?;
            keys.advance(t)?;
            values.advance(t)?;
            return Ok(q);
        }
        let part = |first: usize, heads: usize| self.narrow(1, first * dim, heads * dim)?.reshape(&[t, heads, dim]);
        let turned = |x: Tensor, gain: Option<&Tensor>| {
            let x = if let Some(gain) = gain { x.rms_norm(Some(gain), o.eps)? } else { x };
            match o.rope {
                Some((cos, sin, style)) => x.rope(cos, sin, style),
                None => Ok(x),
            }
        };
        let q = turned(part(0, o.heads)?, o.norms.map(|n| n.0))?;
        keys.append(&turned(part(o.heads, o.kv_heads)?, o.norms.map(|n| n.1))?)?;
        values.append(&part(o.heads + o.kv_heads, o.kv_heads)?)?;
        Ok(q)
    }
}
