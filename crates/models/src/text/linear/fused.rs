//! Layers together with what stands around them, in as few launches as a GPU needs.

use kinora_tensor::{Gate, LinearFused, Tensor};

use super::{Linear, Stack};
use crate::Result;

/// A norm before a layer: its gain, and epsilon.
pub(in crate::text) type Norm<'a> = Option<(&'a Tensor, f32)>;

impl Linear {
    /// `norm(x) · Wᵀ + b + add`.
    pub fn fused(&self, x: &Tensor, norm: Norm<'_>, add: Option<&Tensor>) -> Result<Tensor> {
        let o = LinearFused { norm, bias: self.bias.as_ref(), gate: None, add };
        Ok(x.linear_fused(&self.weight, &o)?)
    }
}

impl Stack {
    /// The results of all layers side by side, [T, Σ rows].
    pub fn side_by_side(&self, x: &Tensor, norm: Norm<'_>) -> Result<Tensor> {
        let layers: Vec<_> = self.groups.iter().map(|(l, _)| (&l.weight, l.bias.as_ref())).collect();
        Ok(x.linear_side_by_side(&layers, norm)?)
    }

    /// Of a gate's and an up's layer: `gate(norm(x) · Gᵀ) · (norm(x) · Uᵀ)`.
    pub fn gated(&self, x: &Tensor, norm: Norm<'_>, gate: Gate) -> Result<Tensor> {
        if let [(l, _)] = &self.groups[..] {
            let o = LinearFused { norm, bias: l.bias.as_ref(), gate: Some(gate), add: None };
            return Ok(x.linear_fused(&l.weight, &o)?);
        }
        Ok(self.side_by_side(x, norm)?.gate(gate)?)
    }
}
