use super::Conv2d;
use crate::cpu::SendPtr;
use crate::ops::gemm::micro::{self, Table, Tile};
use crate::ops::gemm::{Gemm, Source, panel_width};
use crate::simd::{Kernel, Simd};
use crate::{CpuDevice, Result};

pub(super) struct Dims {
    pub images: usize,
    pub inputs: usize,
    pub size: [usize; 2],
    pub outputs: usize,
    pub kernel: [usize; 2],
    pub out: [usize; 2],
}

/// Multiply-adds that are worth a task.
const MIN_WORK: usize = 1 << 18;

/// Rows of the product that are used at a time, so that the input's lines stay in the first cache.
const DEPTH: usize = 576;

/// Tiles of neighbouring pixels that take the same weights in turn, while those are in the first cache.
const TILES: usize = 2;

pub(super) fn conv2d(
    d: &CpuDevice,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    c: &Conv2d,
    s: &Dims,
    y: &mut [f32],
) -> Result<()> {
    let (gi, go) = (s.inputs / c.groups, s.outputs / c.groups);
    let (plane, out) = (s.size[0] * s.size[1], s.out[0] * s.out[1]);
    let k = gi * s.kernel[0] * s.kernel[1];
    if y.is_empty() {
        return Ok(());
    }
    for image in 0..s.images {
        let (x, y) = (&x[image * s.inputs * plane..][..s.inputs * plane], &mut y[image * s.outputs * out..]);
        let padded = if c.stride == 1 { Some(Padded::new(d, x, s, c.padding)?) } else { None };
        for group in 0..c.groups {
            let w = &w[group * go * k..][..go * k];
            let y = &mut y[group * go * out..][..go * out];
            let bias = bias.map(|bias| &bias[group * go..][..go]);
            match &padded {
                Some(x) => dense(d, x, group * gi, w, bias, s, [gi, go], y)?,
                None => strided(d, &x[group * gi * plane..][..gi * plane], w, bias, c, s, [gi, go], y)?,
            }
        }
    }
    Ok(())
}

/// Planes with their zeros around, or the input itself where nothing need be added.
enum Padded<'a> {
    Same(&'a [f32], [usize; 2]),
    Copy(crate::cpu::CpuBuf, [usize; 2]),
}

impl<'a> Padded<'a> {
    fn new(d: &CpuDevice, x: &'a [f32], s: &Dims, padding: usize) -> Result<Padded<'a>> {
        let (planes, [h, w]) = (s.inputs, s.size);
        let block = TILES * panel_width(d.isa());
        if padding == 0 && s.kernel == [1, 1] && (h * w).is_multiple_of(block) {
            return Ok(Padded::Same(x, [h, w]));
        }
        let [ph, pw] = [h + 2 * padding, w + 2 * padding];
        let mut copy = d.buffer(planes * ph * pw + block)?; // tiles read past the last pixel
        let (inner, tail) = copy.f32_mut().split_at_mut(planes * ph * pw);
        tail.fill(0.0);
        let grain = d.pool().grain(planes * ph, pw, 16 << 10);
        d.pool().chunks(inner, grain * pw, |task, rows| {
            for (i, row) in rows.chunks_exact_mut(pw).enumerate() {
                let at = task * grain + i;
                let line = (at % ph).checked_sub(padding).filter(|&line| line < h);
                row.fill(0.0);
                if let Some(line) = line {
                    row[padding..padding + w].copy_from_slice(&x[(at / ph * h + line) * w..][..w]);
                }
            }
        });
        Ok(Padded::Copy(copy, [ph, pw]))
    }

    fn data(&self) -> (&[f32], [usize; 2]) {
        match self {
            Padded::Same(x, size) => (x, *size),
            Padded::Copy(x, size) => (x.f32(), *size),
        }
    }
}

/// Stride 1. An output row lies as far from the next as input rows do, so that a tile of neighbouring outputs reads, for each
/// input channel and tap, neighbouring inputs: no copy for each tap. Columns between rows are computed and dropped.
#[allow(clippy::too_many_arguments)]
fn dense(
    d: &CpuDevice,
    x: &Padded<'_>,
    first_input: usize,
    w: &[f32],
    bias: Option<&[f32]>,
    s: &Dims,
    [gi, go]: [usize; 2],
    y: &mut [f32],
) -> Result<()> {
    let (x, [ph, pw]) = x.data();
    let x = &x[first_input * ph * pw..];
    let [kh, kw] = s.kernel;
    let k = gi * kh * kw;
    let mut starts = d.buffer(k)?;
    for (tap, start) in starts.u32_mut().iter_mut().enumerate() {
        let (i, ky, kx) = (tap / (kh * kw), tap / kw % kh, tap % kw);
        *start = ((i * ph + ky) * pw + kx) as u32;
    }
    let block = TILES * panel_width(d.isa());
    let span = (s.out[0] - 1) * pw + s.out[1];
    let blocks = span.div_ceil(block);
    let grain = d.pool().grain(blocks, go * k * block, MIN_WORK);
    let tasks = blocks.div_ceil(grain);
    let mut scratch = d.buffer(tasks * go * block)?;
    let scratch = SendPtr::new(scratch.f32_mut());
    let y = SendPtr::new(y);
    let starts = starts.u32();
    d.pool().run(tasks, |task| {
        // SAFETY: one stretch of scratch for each task.
        let sums = unsafe { scratch.slice(task * go * block, go * block) };
        for first in (task * grain..((task + 1) * grain).min(blocks)).map(|at| at * block) {
            d.isa().run(Outputs { x: &x[first..], starts, w, k, sums });
            // Copy the stretches that are pixels.
            let mut at = first;
            while at < (first + block).min(span) {
                let (row, column) = (at / pw, at % pw);
                let len = (pw - column).min(first + block - at);
                let keep = s.out[1].saturating_sub(column).min(len);
                for (o, sums) in sums.chunks_exact(block).enumerate() {
                    let bias = bias.map_or(0.0, |bias| bias[o]);
                    // SAFETY: each pixel belongs to one block.
                    let out = unsafe { y.slice((o * s.out[0] + row) * s.out[1] + column.min(s.out[1]), keep) };
                    out.iter_mut().zip(&sums[at - first..]).for_each(|(y, sum)| *y = sum + bias);
                }
                at += len;
            }
        }
    });
    Ok(())
}

/// All output channels of one block of pixels.
struct Outputs<'a> {
    x: &'a [f32],
    starts: &'a [u32],
    w: &'a [f32],
    k: usize,
    /// [outputs, TILES, width].
    sums: &'a mut [f32],
}

impl Kernel for Outputs<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = 2 * S::LANES;
        let block = TILES * width;
        let outputs = self.sums.len() / block;
        let mut k0 = 0;
        while k0 < self.k {
            let depth = DEPTH.min(self.k - k0);
            let index = Table::new(&self.starts[k0..k0 + depth]);
            let mut o = 0;
            while o < outputs {
                let rows = micro::rows_of::<S>(outputs - o);
                let a = &self.w[o * self.k + k0..];
                let base = self.sums[o * block..][..rows * block].as_mut_ptr();
                for first in (0..block).step_by(width) {
                    let b = &self.x[first..];
                    let tile = Tile { k: depth, a, stride: self.k, b, index, columns: width, bias: None, add: k0 > 0 };
                    // SAFETY: `base` has `rows` rows of `block` places.
                    unsafe { micro::tile_of_rows(s, rows, &tile, base.add(first), block) };
                }
                o += rows;
            }
            k0 += depth;
        }
    }
}

/// Any stride: the inputs of each tile are gathered into a panel of the matrix kernel.
#[allow(clippy::too_many_arguments)]
fn strided(
    d: &CpuDevice,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    c: &Conv2d,
    s: &Dims,
    [gi, go]: [usize; 2],
    y: &mut [f32],
) -> Result<()> {
    let ([h, wd], [kh, kw], [oh, ow]) = (s.size, s.kernel, s.out);
    let width = panel_width(d.isa());
    let fill = |panel: usize, k0: usize, out: &mut [f32]| {
        for (row, out) in out.chunks_exact_mut(width).enumerate() {
            let k = k0 + row;
            let (i, ky, kx) = (k / (kh * kw), k / kw % kh, k % kw);
            for (column, out) in out.iter_mut().enumerate() {
                let p = panel * width + column;
                let at =
                    |o: usize, tap: usize, len: usize| (o * c.stride + tap).checked_sub(c.padding).filter(|&v| v < len);
                *out = match (at(p / ow, ky, h), at(p % ow, kx, wd)) {
                    (Some(iy), Some(ix)) if p < oh * ow => x[(i * h + iy) * wd + ix],
                    _ => 0.0,
                };
            }
        }
    };
    Gemm { m: go, n: oh * ow, k: gi * kh * kw, a: w, b: Source::Fill(&fill), bias: None }.run(d, y)?;
    if let Some(bias) = bias {
        d.rows_mut(y, oh * ow, |o, y| y.iter_mut().for_each(|y| *y += bias[o]));
    }
    Ok(())
}
