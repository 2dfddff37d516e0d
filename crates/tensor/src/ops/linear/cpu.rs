use super::rows;
use crate::cpu::{MatrixRows, Packed};
use crate::ops::gemm::{Gemm, Source};
use crate::quant::{Blocks, Product, Rounded};
use crate::{CpuDevice, Result, Tensor};

/// Up to so many rows are not worth packing an f32 matrix for.
const FEW_F32: usize = 3;

pub(super) fn linear(d: &CpuDevice, x: &[f32], w: &Tensor, bias: Option<&[f32]>, y: &mut [f32]) -> Result<()> {
    let (n, k) = (w.dim(0), w.dim(1));
    let m = y.len() / n.max(1);
    let w = MatrixRows::of(w)?;
    if m == 0 || n == 0 {
        return Ok(());
    }
    if let MatrixRows::Blocks(weight) = &w
        && let Blocks::Cells(cells) = &weight.blocks
        && let Some(layout) = cells.block().quant_layout().filter(|_| !d.is_exact())
    {
        let x = &Rounded::new(d, x, m, k, &layout)?;
        Product { x, w: cells, n, bias }.run(d, y);
        return Ok(());
    }
    if m <= FEW_F32 && k > 0 && !matches!(w, MatrixRows::F32(_, Some(_))) {
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
