//! The same attention in four launches: product, rotation and cache, attention, product.

use kinora_tensor::{RopeAppend, Tensor};

use super::SelfAttention;
use crate::Result;
use crate::text::cache::KeysValues;
use crate::text::linear::Norm;
use crate::text::rope::Rope;

impl SelfAttention {
    /// Whether the launches of [`SelfAttention::fused`] do all that this attention does.
    pub fn fuses(&self) -> bool {
        !self.norms_all && self.q_norm.is_some() == self.k_norm.is_some()
    }

    /// `attention(norm(x)) + add`.
    pub fn fused(
        &self,
        x: &Tensor,
        norm: Norm<'_>,
        rope: &Rope,
        cache: &mut KeysValues,
        start: usize,
        add: Option<&Tensor>,
    ) -> Result<Tensor> {
        let t = x.rows();
        let qkv = self.qkv.side_by_side(x, norm)?; // [T, (H + 2 Hkv) · D]
        let o = RopeAppend {
            heads: self.n_head,
            kv_heads: self.n_head_kv,
            rope: rope.tables(self.rope),
            norms: self.q_norm.as_ref().zip(self.k_norm.as_ref()),
            eps: self.eps,
        };
        let (q, past) = cache.append_with(start, t, |keys, values| Ok(qkv.rope_append(keys, values, &o)?))?;
        let y = q.attention(&past.keys, &past.values, &self.options(start, &past))?; // [T, H, D]
        self.output.fused(&y.reshape(&[t, self.n_head * self.head_dim])?, None, add)
    }
}
