//! What a place and a time of day look like: a grid of learnt features for each of the place's three layers and for the time's sky
//! (Müller et al. 2022), repeated over x and read between its points where a cell lies.

use super::super::weights::Weights;
use super::config::Grid;
use super::features::{FEATURES, LAYERS_AT, SKY_AT, Y_AT};
use crate::Result;
use std::f32::consts::TAU;

/// The world's heights that the rows span.
const TOP: f32 = -0.62;
const BOTTOM: f32 = 0.62;
const LAYERS: usize = LAYERS_AT.len();
/// Where a cell's places in the layers and in the sky are told.
const PLACES_AT: [usize; LAYERS + 1] = [LAYERS_AT[0], LAYERS_AT[1], LAYERS_AT[2], SKY_AT];

pub(super) struct Backdrop {
    grid: Grid,
    /// [places, layers, rows, columns, channels]
    layers: Vec<f32>,
    /// [times, rows, columns, channels]
    sky: Vec<f32>,
}

impl Backdrop {
    pub fn load(w: &Weights, places: usize, times: usize, grid: &Grid) -> Result<Backdrop> {
        let Grid { columns, rows, channels } = *grid;
        if columns < 2 || rows < 2 || channels == 0 {
            return Err(w.error(format!("its backdrop has {columns}×{rows} points of {channels} numbers")));
        }
        let layers = w.values("backdrop.weight", &[places, LAYERS, rows, columns, channels])?;
        let sky = w.values("backdrop.sky", &[times, rows, columns, channels])?;
        Ok(Backdrop { grid: *grid, layers, sky })
    }

    /// Numbers that a cell gets.
    pub fn width(&self) -> usize {
        PLACES_AT.len() * self.grid.channels
    }

    /// `features` [N, FEATURES] of lines of `columns` cells → [N, FEATURES + width], each cell's features and what `place` at
    /// `time` looks like there.
    pub fn join(&self, place: usize, time: usize, features: &[f32], columns: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(features.len() / FEATURES * (FEATURES + self.width()));
        // The cells of a column lie at the same place of the period: its sine, its cosine and the angle of the last line.
        let mut last = vec![[(0.0, 0.0, 0.0); PLACES_AT.len()]; columns.max(1)];
        for (i, cell) in features.chunks_exact(FEATURES).enumerate() {
            out.extend_from_slice(cell);
            let known = &mut last[i % columns.max(1)];
            for (layer, (&at, known)) in PLACES_AT.iter().zip(known).enumerate() {
                let (sin, cos) = (cell[at], cell[at + 1]);
                if (sin, cos) != (known.0, known.1) {
                    *known = (sin, cos, (sin.atan2(cos) / TAU).rem_euclid(1.0));
                }
                let (values, grid) =
                    if layer < LAYERS { (&self.layers, place * LAYERS + layer) } else { (&self.sky, time) };
                self.read(values, grid, known.2, cell[Y_AT] / 2.0, &mut out);
            }
        }
        out
    }

    /// Appends the numbers of the grid of this index at `turn` (0..1 of a period) and height `y`.
    fn read(&self, values: &[f32], grid: usize, turn: f32, y: f32, out: &mut Vec<f32>) {
        let Grid { columns, rows, channels } = self.grid;
        let x = turn * columns as f32;
        let y = ((y - TOP) / (BOTTOM - TOP) * (rows - 1) as f32).clamp(0.0, rows as f32 - 1.001);
        let (left, top) = (x as usize % columns, y as usize);
        let (right, down) = (x.fract(), y.fract());
        let point = |row: usize, column: usize| {
            let start = ((grid * rows + row) * columns + column % columns) * channels;
            values.get(start..start + channels).unwrap_or_default()
        };
        let [a, b] = [point(top, left), point(top, left + 1)];
        let [c, d] = [point(top + 1, left), point(top + 1, left + 1)];
        let weights = [(1.0 - right) * (1.0 - down), right * (1.0 - down), (1.0 - right) * down, right * down];
        let end = out.len() + channels;
        let corners = a.iter().zip(b).zip(c.iter().zip(d));
        out.extend(corners.map(|((a, b), (c, d))| a * weights[0] + b * weights[1] + c * weights[2] + d * weights[3]));
        out.resize(end, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_read_between_its_points_and_round_its_period() {
        let grid = Grid { columns: 4, rows: 3, channels: 1 };
        let values: Vec<f32> = (0..2 * 3 * 3 * 4).map(|i| (i % 4) as f32).collect();
        let backdrop = Backdrop { grid, layers: values, sky: Vec::new() };
        let read = |turn: f32, y: f32| {
            let mut out = Vec::new();
            backdrop.read(&backdrop.layers, 1, turn, y, &mut out);
            out[0]
        };
        assert!((read(0.25, 0.0) - 1.0).abs() < 1e-6);
        assert!((read(0.375, 0.3) - 1.5).abs() < 1e-6);
        assert!((read(0.875, -9.0) - 1.5).abs() < 1e-6, "between the last point and the first");
    }
}
