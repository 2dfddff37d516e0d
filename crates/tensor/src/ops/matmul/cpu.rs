use crate::ops::gemm::{Gemm, Panels, Source};
use crate::{CpuDevice, Result};

pub(super) fn matmul(d: &CpuDevice, a: &[f32], b: &[f32], [m, k, n]: [usize; 3], y: &mut [f32]) -> Result<()> {
    let panels = Panels::of_columns(d, n, k, b, n)?;
    Gemm { m, n, k, a, b: Source::Packed(&panels), bias: None }.run(d, y)
}
