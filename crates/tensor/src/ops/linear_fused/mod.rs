//! A linear layer together with what stands before and behind it: one launch on the GPU where the parts are few.

#[cfg(test)]
mod tests;

use super::linear::gpu;
use crate::check::Check;
use crate::{DType, Device, Result, Tensor};

pub use super::gate::Gate;

/// What is done around a product. Nothing by default.
#[derive(Clone, Copy, Default)]
pub struct LinearFused<'a> {
    /// First x is RMS-normalised: its gain [K], and epsilon.
    pub norm: Option<(&'a Tensor, f32)>,
    /// Then this is added to the product, [N].
    pub bias: Option<&'a Tensor>,
    /// Then the first half of each row gates the second: `w` holds the gates' rows above the ups'.
    pub gate: Option<Gate>,
    /// At last this is added, of the result's shape: the residual.
    pub add: Option<&'a Tensor>,
}

impl Tensor {
    /// `gate(norm(x) · wᵀ + bias) + add`, each part where it is given. `self` f32 [.., K], `w` [N, K] f32 or any block
    /// type → f32 [.., N], or [.., N / 2] with a gate. The same values as the operations one after another, up to rounding.
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument.
    pub fn linear_fused(&self, w: &Tensor, o: &LinearFused<'_>) -> Result<Tensor> {
        let check = Check("linear_fused");
        check.f32("x", self)?;
        if w.dtype() == DType::U32 {
            check.f32("w", w)?;
        }
        check.device(self, "w", w)?;
        let (n, k) = (w.dim(0), self.last_dim());
        check.shape("w", w, &[n, k])?;
        if let Some((gain, _)) = o.norm {
            check.operand(self, "gain", gain, &[k])?;
        }
        if let Some(bias) = o.bias {
            check.operand(self, "bias", bias, &[n])?;
        }
        check.that(o.gate.is_none() || n.is_multiple_of(2), "w", w, "as many gates as ups")?;
        let mut shape = crate::shape::Shape::new(self.shape()).ok_or_else(|| check.bad_shape("x", self, "[.., K]"))?;
        check.that(!shape.is_empty(), "x", self, "[.., K]")?;
        shape.set(shape.len() - 1, if o.gate.is_some() { n / 2 } else { n });
        if let Some(add) = o.add {
            check.operand(self, "add", add, &shape)?;
        }
        let Device::Gpu(d) = self.device() else { return self.one_by_one(w, o) };
        let normed = match o.norm {
            Some((gain, eps)) if !gpu::fuses_norm(d, self) => Some(self.rms_norm(Some(gain), eps)?),
            _ => None,
        };
        let x = normed.as_ref().unwrap_or(self);
        let norm = if normed.is_some() { None } else { o.norm };
        if o.gate.is_some() && !gpu::fuses_gate(d, self, w)? {
            return x.one_by_one(w, &LinearFused { norm, ..*o });
        }
        let y = Tensor::empty(self.device(), &shape, DType::F32)?;
        gpu::linear(d, x, w, &LinearFused { norm, ..*o }, &y, 0)?;
        Ok(y)
    }

    /// Several layers over one input, their results side by side: `norm(x) · [w₀; w₁; …]ᵀ + [bias₀; bias₁; …]`, for
    /// matrices [Nᵢ, K] that cannot be one because their block types differ. → [.., Σ Nᵢ].
    ///
    /// # Errors
    /// `Shape`, `DType`, `Device`, naming the argument; `Shape` also for no layers.
    pub fn linear_side_by_side(
        &self,
        layers: &[(&Tensor, Option<&Tensor>)],
        norm: Option<(&Tensor, f32)>,
    ) -> Result<Tensor> {
        let check = Check("linear_side_by_side");
        if let [(w, bias)] = *layers {
            return self.linear_fused(w, &LinearFused { norm, bias, ..Default::default() });
        }
        check.f32("x", self)?;
        check.that(!layers.is_empty() && !self.shape().is_empty(), "x", self, "[.., K], and a layer")?;
        if let Some((gain, _)) = norm {
            check.operand(self, "gain", gain, &[self.last_dim()])?;
        }
        for (w, bias) in layers {
            if w.dtype() == DType::U32 {
                check.f32("w", w)?;
            }
            check.device(self, "w", w)?;
            check.shape("w", w, &[w.dim(0), self.last_dim()])?;
            if let Some(bias) = bias {
                check.operand(self, "bias", bias, &[w.dim(0)])?;
            }
        }
        let fuses = matches!(self.device(), Device::Gpu(d) if gpu::fuses_norm(d, self));
        let normed = match norm {
            Some((gain, eps)) if !fuses => Some(self.rms_norm(Some(gain), eps)?),
            _ => None,
        };
        let (x, norm) = (normed.as_ref().unwrap_or(self), if fuses { norm } else { None });
        let Device::Gpu(d) = self.device() else {
            let parts = layers.iter().map(|(w, bias)| x.linear(w, *bias)).collect::<Result<Vec<_>>>()?;
            return Tensor::concat(&parts.iter().collect::<Vec<_>>(), self.shape().len() - 1);
        };
        let mut shape = crate::shape::Shape::new(self.shape()).ok_or_else(|| check.bad_shape("x", self, "[.., K]"))?;
        shape.set(shape.len() - 1, layers.iter().map(|(w, _)| w.dim(0)).sum());
        let y = Tensor::empty(self.device(), &shape, DType::F32)?;
        let mut first = 0;
        for (w, bias) in layers {
            gpu::linear(d, x, w, &LinearFused { norm, bias: *bias, ..Default::default() }, &y, first)?;
            first += w.dim(0);
        }
        Ok(y)
    }

    /// The operations one after another.
    fn one_by_one(&self, w: &Tensor, o: &LinearFused<'_>) -> Result<Tensor> {
        let normed = o.norm.map(|(gain, eps)| self.rms_norm(Some(gain), eps)).transpose()?;
        let mut y = normed.as_ref().unwrap_or(self).linear(w, o.bias)?;
        if let Some(gate) = o.gate {
            y = y.gate(gate)?;
        }
        match o.add {
            Some(add) => y.add(add),
            None => Ok(y),
        }
    }
}
