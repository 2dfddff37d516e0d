use super::Attention;
use crate::{CpuDevice, Result};

#[derive(Clone, Copy)]
pub(super) struct Dims {
    pub tq: usize,
    pub tk: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub dim: usize,
}

#[allow(clippy::too_many_arguments)]
pub(super) fn attention(
    d: &CpuDevice,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    bias: Option<&[f32]>,
    o: &Attention<'_>,
    s: Dims,
    y: &mut [f32],
) -> Result<()> {
    d.rows(q, y, s.dim, |row, q, y| {
        let (t, head) = (row / s.heads, row % s.heads);
        let kv_head = head / (s.heads / s.kv_heads);
        let at = |j: usize| (j * s.kv_heads + kv_head) * s.dim;
        let keys = o.visible(t, s.tk);
        let logits: Vec<f32> = keys
            .clone()
            .map(|j| {
                let dot: f32 = q.iter().zip(&k[at(j)..]).map(|(a, b)| a * b).sum();
                dot * o.scale + bias.map_or(0.0, |b| b[j])
            })
            .collect();
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut total = 0.0;
        y.fill(0.0);
        if max == f32::NEG_INFINITY {
            return;
        }
        for (j, l) in keys.zip(logits) {
            let p = (l - max).exp();
            total += p;
            y.iter_mut().zip(&v[at(j)..]).for_each(|(y, v)| *y += p * v);
        }
        y.iter_mut().for_each(|y| *y /= total);
    });
    Ok(())
}
