//! A linear layer on the GPU: which of three kernels, by the number of rows and the kind of adapter.

use crate::gpu::{Kernel, Read, Variant, Write, pack, params};
use crate::{GpuDevice, Result, Tensor};

params! { m: u32, n: u32, k: u32, w_scales: u32 }

/// From this many rows on a tile of 64 rows pays, although some of it idles.
const TILE_ROWS: usize = 12;
/// Rows of x in the registers of one invocation.
const LANE_ROWS: usize = 4;

/// Few rows, on a GPU.
static ROW: Kernel = Kernel {
    name: "linear_row",
    wgsl: include_str!("linear_row.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG", "BIAS"],
    preludes: &[],
    weights: true,
    params: Params::LAYOUT,
    variants: &[row(false), row(true)],
};

/// Many rows, on a GPU.
static TILE: Kernel = Kernel {
    name: "linear_tile",
    wgsl: include_str!("linear_tile.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["BIAS"],
    preludes: &[],
    weights: true,
    params: Params::LAYOUT,
    variants: &[tile(false), tile(true)],
};

/// Any rows, on a software adapter.
static LANE: Kernel = Kernel {
    name: "linear_lane",
    wgsl: include_str!("linear_lane.wgsl"),
    bindings: &[Read, Read, Read, Write],
    constants: &["WG", "BIAS"],
    preludes: &["const ROWS = 1u;", "const ROWS = 4u;"],
    weights: true,
    params: Params::LAYOUT,
    variants: &[lane(1, false), lane(1, true), lane(LANE_ROWS, false), lane(LANE_ROWS, true)],
};

const fn row(bias: bool) -> Variant {
    Variant::new([64, bias as u32, 0, 0])
}

const fn tile(bias: bool) -> Variant {
    Variant::new([bias as u32, 0, 0, 0])
}

const fn lane(rows: usize, bias: bool) -> Variant {
    Variant { constants: [GpuDevice::ELEMENTS, bias as u32, 0, 0], prelude: (rows == LANE_ROWS) as u8 }
}

/// Which kernel.
#[derive(Clone, Copy)]
enum Path {
    Row,
    Tile,
    Lane,
}

fn path(d: &GpuDevice, rows: usize) -> Path {
    match (d.has_fast_workgroup_memory(), rows) {
        (false, _) => Path::Lane,
        (true, 0..TILE_ROWS) => Path::Row,
        (true, _) => Path::Tile,
    }
}

pub(super) fn linear(d: &GpuDevice, x: &Tensor, w: &Tensor, bias: Option<&Tensor>, y: &Tensor) -> Result<()> {
    let path = path(d, x.rows());
    let block = pack::block_type("linear", w)?;
    let [m, n, k] = [x.rows(), w.dim(0), x.last_dim()];
    let params = Params { m: m as u32, n: n as u32, k: k as u32, w_scales: pack::scales_at(block, n * k) };
    let (kernel, variant) = match path {
        Path::Row => (&ROW, row(bias.is_some())),
        Path::Tile => (&TILE, tile(bias.is_some())),
        Path::Lane => (&LANE, lane(if m < LANE_ROWS { 1 } else { LANE_ROWS }, bias.is_some())),
    };
    let launch = d
        .launch(kernel, variant)
        .block(block)
        .bind(&[x.gpu("linear")?, w.gpu("linear")?, bias.unwrap_or(x).gpu("linear")?, y.gpu("linear")?])
        .params(&params);
    let blocks = n.div_ceil(4);
    match path {
        Path::Row => launch.grid(m * blocks),
        Path::Tile => launch.grid3([n.div_ceil(64) as u32, m.div_ceil(64) as u32, 1]),
        Path::Lane if m < LANE_ROWS => launch.elements(m * blocks, GpuDevice::ELEMENTS),
        Path::Lane => launch.elements(m.div_ceil(LANE_ROWS) * blocks, GpuDevice::ELEMENTS),
    }
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&ROW, &TILE, &LANE]);
}
