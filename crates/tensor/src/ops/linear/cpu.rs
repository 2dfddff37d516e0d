use super::rows;
use crate::cpu::{MatrixRows, Packed, is_quantised};
use crate::ops::gemm::{Gemm, Source};
use crate::{CpuDevice, Result, Tensor};

/// Up to so many rows go row by row through quantised weights: beyond it, widening the weights into panels, once for all
/// rows, is cheaper than integer products for each.
const FEW: usize = 8;

/// Up to so many rows are not worth packing an f32 matrix for.
const FEW_F32: usize = 3;

pub(super) fn linear(d: &CpuDevice, x: &[f32], w: &Tensor, bias: Option<&[f32]>, y: &mut [f32]) -> Result<()> {
    let (n, k) = (w.dim(0), w.dim(1));
    let m = y.len() / n.max(1);
    let w = MatrixRows::of(w)?;
    let few = match &w {
        MatrixRows::F32(_, None) => FEW_F32,
        MatrixRows::Blocks(weight) if is_quantised(weight.blocks.block()) => FEW,
        _ => 0,
    };
    if m <= few && k > 0 {
        return rows::linear(d, x, w, bias, [n, k], y);
    }
    let gemm = |b| Gemm { m, n, k, a: x, b, bias };
    match w.packed(d, n, k)? {
        Packed::Kept(panels) => gemm(Source::Packed(panels)).run(d, y),
        Packed::Fresh(panels) => gemm(Source::Packed(&panels)).run(d, y),
        Packed::No => {
            let fill = |panel: usize, k0: usize, out: &mut [f32]| w.fill_panel(d, panel, n, k0, out);
            gemm(Source::Fill(&fill)).run(d, y)
        }
    }
}
