//! Linear layers on the GPU: which of three kernels, by the number of rows and the kind of adapter, and what is fused
//! into it.

use crate::gpu::{Kernel, Read, Variant, Write, pack, params};
use crate::ops::linear_fused::{Gate, LinearFused};
use crate::{GpuDevice, Result, Tensor};

params! { m: u32, n: u32, k: u32, w_scales: u32, y_cols: u32, y_at: u32, bias_at: u32, eps: f32 }

/// From this many rows on a tile of 64 rows pays, although some of it idles.
const TILE_ROWS: usize = 12;
/// Rows of x in the registers of one invocation, where there are so many.
const LANE_ROWS: [usize; 3] = [1, 4, 8];

const BINDINGS: &[crate::gpu::Access] = &[Read, Read, Read, Read, Read, Write];

/// How x is read, in front of the files: of any length, of a multiple of eight.
macro_rules! x {
    (any $($line:literal)?) => { concat!($($line,)? include_str!("linear_x.wgsl")) };
    (whole $($line:literal)?) => { concat!($($line,)? include_str!("linear_x_whole.wgsl")) };
}

/// Few rows, on a GPU.
static ROW: Kernel = Kernel {
    name: "linear_row",
    wgsl: concat!(include_str!("linear_common.wgsl"), include_str!("linear_row.wgsl")),
    bindings: BINDINGS,
    constants: &["BIAS", "NORM", "ADD", "GATE", "WG"],
    preludes: &[x!(any), x!(whole)],
    weights: true,
    params: Params::LAYOUT,
    variants: &[row(true, [0, 0, 0, 0]), row(false, [1, 1, 1, 0]), row(true, [1, 1, 0, 1]), row(false, [0, 1, 0, 2])],
};

/// Many rows, on a GPU.
static TILE: Kernel = Kernel {
    name: "linear_tile",
    wgsl: concat!(x!(any), include_str!("linear_common.wgsl"), include_str!("linear_tile.wgsl")),
    bindings: BINDINGS,
    constants: &["BIAS", "NORM", "ADD", "GATE"],
    preludes: &[],
    weights: true,
    params: Params::LAYOUT,
    variants: &[tile([0, 0, 0, 0]), tile([1, 0, 1, 0])],
};

/// Any rows, on a software adapter.
static LANE: Kernel = Kernel {
    name: "linear_lane",
    wgsl: concat!(include_str!("linear_common.wgsl"), include_str!("linear_lane.wgsl")),
    bindings: BINDINGS,
    constants: &["BIAS", "NORM", "ADD", "GATE", "WG"],
    preludes: &[
        x!(any "const ROWS = 1u;\n"),
        x!(whole "const ROWS = 1u;\n"),
        x!(any "const ROWS = 4u;\n"),
        x!(whole "const ROWS = 4u;\n"),
        x!(any "const ROWS = 8u;\n"),
        x!(whole "const ROWS = 8u;\n"),
    ],
    weights: true,
    params: Params::LAYOUT,
    variants: &[
        lane(0, true, [0, 0, 0, 0]),
        lane(0, false, [1, 1, 0, 1]),
        lane(0, true, [1, 1, 1, 0]),
        lane(1, true, [1, 0, 1, 0]),
        lane(1, false, [0, 0, 0, 2]),
        lane(2, true, [1, 0, 0, 0]),
        lane(2, false, [0, 0, 0, 0]),
    ],
};

/// BIAS, NORM, ADD, GATE.
type Fused = [u32; 4];

const fn row(whole: bool, [bias, norm, add, gate]: Fused) -> Variant {
    Variant::new([bias, norm, add, gate, 64]).prelude(whole as u8)
}

const fn tile(fused: Fused) -> Variant {
    Variant::new(fused)
}

/// `rows`: place in [`LANE_ROWS`].
const fn lane(rows: usize, whole: bool, [bias, norm, add, gate]: Fused) -> Variant {
    Variant::new([bias, norm, add, gate, GpuDevice::ELEMENTS]).prelude(2 * rows as u8 + whole as u8)
}

/// Which kernel.
#[derive(Clone, Copy)]
enum Path {
    Row,
    Tile,
    /// With so many rows, by their place in [`LANE_ROWS`].
    Lane(usize),
}

fn path(d: &GpuDevice, rows: usize) -> Path {
    match (d.has_fast_workgroup_memory(), rows) {
        (false, _) => Path::Lane(LANE_ROWS.iter().rposition(|&n| n <= rows).unwrap_or(0)),
        (true, 0..TILE_ROWS) => Path::Row,
        (true, _) => Path::Tile,
    }
}

/// Whether `norm` costs less within the product of `x` with a matrix than before it: with few rows.
pub(in crate::ops) fn fuses_norm(d: &GpuDevice, x: &Tensor) -> bool {
    matches!(path(d, x.rows()), Path::Row | Path::Lane(0))
}

/// Whether gates and ups meet within the product: where one invocation holds both.
pub(in crate::ops) fn fuses_gate(d: &GpuDevice, x: &Tensor, w: &Tensor) -> Result<bool> {
    Ok(!matches!(path(d, x.rows()), Path::Tile) && w.gpu_rows("linear")?.len() == 1)
}

/// `y`, from its column `first` on, = what `o` says; the two functions above hold for its `norm` and `gate`.
pub(in crate::ops) fn linear(
    d: &GpuDevice,
    x: &Tensor,
    w: &Tensor,
    o: &LinearFused<'_>,
    y: &Tensor,
    first: usize,
) -> Result<()> {
    let op = "linear";
    let path = path(d, x.rows());
    let block = pack::block_type(op, w)?;
    let [m, k] = [x.rows(), x.last_dim()];
    let gate = match o.gate {
        None => 0,
        Some(Gate::Silu) => 1,
        Some(Gate::Gelu) => 2,
    };
    let fused = [o.bias.is_some() as u32, o.norm.is_some() as u32, o.add.is_some() as u32, gate];
    let whole = k.is_multiple_of(8);
    let (kernel, variant) = match path {
        Path::Row => (&ROW, row(whole, fused)),
        Path::Tile => (&TILE, tile(fused)),
        Path::Lane(rows) => (&LANE, lane(rows, whole, fused)),
    };
    let or_x = |t: Option<&Tensor>| t.unwrap_or(x).gpu(op).map(|(buffer, at)| (buffer.clone(), at));
    let (bias, gain, add) = (or_x(o.bias)?, or_x(o.norm.map(|n| n.0))?, or_x(o.add)?);
    for part in w.gpu_rows(op)? {
        let n = part.rows;
        let params = Params {
            m: m as u32,
            n: n as u32,
            k: k as u32,
            w_scales: part.scales,
            y_cols: y.last_dim() as u32,
            y_at: (first + part.first) as u32,
            bias_at: part.first as u32,
            eps: o.norm.map_or(0.0, |n| n.1),
        };
        let launch = d
            .launch(kernel, variant)
            .block(block)
            .bind(&[
                x.gpu(op)?,
                (part.buffer, part.offset),
                (&bias.0, bias.1),
                (&gain.0, gain.1),
                (&add.0, add.1),
                y.gpu(op)?,
            ])
            .params(&params);
        let blocks = if gate == 0 { n.div_ceil(4) } else { (n / 2).div_ceil(2) };
        match path {
            Path::Row => launch.grid(m * blocks),
            Path::Tile => launch.grid3([n.div_ceil(64) as u32, m.div_ceil(64) as u32, 1]),
            Path::Lane(rows) => launch.elements(m.div_ceil(LANE_ROWS[rows]) * blocks, GpuDevice::ELEMENTS),
        }?;
    }
    Ok(())
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&ROW, &TILE, &LANE]);
}
