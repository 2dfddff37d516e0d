//! What falls in a weather: how much of each pixel drops or flakes cover. They are thinner than a cell, so the network is not
//! asked where they are, only what they look like: their colour and how much of the picture they let through.
//!
//! Columns 0.2 apart in the world, one particle in each 0.5 of height, which falls that far in a cycle of the phase.

use super::super::layout::FrameLayout;
use super::features::{CELL, Window};
use std::f32::consts::TAU;

const COLUMN: f32 = 0.2;
const FALL: f32 = 0.5;

/// A kind of particle: a streak from where it is to `reach` away, swaying as it falls.
struct Particle {
    reach: (f32, f32),
    /// Half its width at both ends.
    half: (f32, f32),
    sway: fn(f32) -> f32,
}

const RAIN: Particle = Particle { reach: (0.030, -0.095), half: (0.0085, 0.0051), sway: |y| -0.06 * y };
const SNOW: Particle = Particle { reach: (0.0, 0.0), half: (0.0165, 0.0165), sway: |y| 0.035 * (2.0 * TAU * y).sin() };

/// Appends the cover, 0..1, of the window's pixels, row by row, when something falls in the weather of this name.
pub fn cover(weather: &str, frame: &FrameLayout, window: &Window, out: &mut Vec<f32>) -> bool {
    let particle = match weather {
        "rain" => &RAIN,
        "snow" => &SNOW,
        _ => return false,
    };
    let start = out.len();
    out.resize(start + window.cells() * CELL * CELL, 0.0);
    if let Some(pixels) = out.get_mut(start..) {
        Screen::new(frame, window).fall(particle, frame.weather_phase.rem_euclid(1.0), pixels);
    }
    true
}

/// The window's pixels and where they lie in the world.
struct Screen {
    columns: usize,
    rows: usize,
    /// The world at the middle of the window's first pixel.
    left: f32,
    top: f32,
    /// A pixel's side in the world.
    pixel: f32,
}

impl Screen {
    fn new(frame: &FrameLayout, window: &Window) -> Screen {
        let pixel = 1.0 / window.height.max(1) as f32 / frame.cam_zoom.max(0.05);
        let at = |cells: usize, side: usize| ((cells * CELL) as f32 + 0.5 - 0.5 * side as f32) * pixel;
        Screen {
            columns: window.columns * CELL,
            rows: window.rows * CELL,
            left: at(window.column, window.width) + frame.cam_x,
            top: at(window.row, window.height) + frame.cam_y,
            pixel,
        }
    }

    fn fall(&self, p: &Particle, phase: f32, out: &mut [f32]) {
        let margin = COLUMN + p.reach.0.abs() + p.half.0;
        let right = self.left + self.columns as f32 * self.pixel;
        let bottom = self.top + self.rows as f32 * self.pixel;
        let first = ((self.left - margin) / COLUMN).floor() as i32;
        let last = ((right + margin) / COLUMN).ceil() as i32;
        for k in first..=last {
            let start = 0.25 * (3 * k).rem_euclid(4) as f32 + phase;
            let mut y = FALL * (start + ((self.top - p.half.0) / FALL - start).floor());
            while y < bottom + p.half.0 - p.reach.1 {
                self.streak(p, (k as f32 * COLUMN + (p.sway)(y), y), out);
                y += FALL;
            }
        }
    }

    /// One particle whose lower end is at `(x, y)`.
    fn streak(&self, p: &Particle, (x, y): (f32, f32), out: &mut [f32]) {
        let thick = p.half.0.max(p.half.1) + self.pixel;
        let within = |from: f32, to: f32, start: f32, n: usize| {
            let at = |v: f32| ((v - start) / self.pixel).max(0.0) as usize;
            at(from.min(to) - thick)..(at(from.max(to) + thick) + 1).min(n)
        };
        let long = p.reach.0.powi(2) + p.reach.1.powi(2) + 1e-9;
        let columns = within(x, x + p.reach.0, self.left, self.columns);
        for row in within(y, y + p.reach.1, self.top, self.rows) {
            let v = self.top + row as f32 * self.pixel - y;
            for column in columns.clone() {
                let u = self.left + column as f32 * self.pixel - x;
                let along = ((u * p.reach.0 + v * p.reach.1) / long).clamp(0.0, 1.0);
                let (du, dv) = (u - along * p.reach.0, v - along * p.reach.1);
                let half = p.half.0 + (p.half.1 - p.half.0) * along;
                let covered = 0.5 - ((du * du + dv * dv).sqrt() - half) / self.pixel;
                if let Some(pixel) = out.get_mut(row * self.columns + column) {
                    *pixel = pixel.max(covered.clamp(0.0, 1.0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(weather: &str, frame: &FrameLayout, window: &Window) -> Vec<f32> {
        let mut out = Vec::new();
        assert!(cover(weather, frame, window, &mut out));
        assert_eq!(out.len(), window.cells() * CELL * CELL);
        out
    }

    fn frame(weather_phase: f32) -> FrameLayout {
        FrameLayout { cam_x: 0.3, cam_y: -0.05, cam_zoom: 1.2, weather_phase, ..FrameLayout::default() }
    }

    #[test]
    fn only_what_falls_covers() {
        let mut out = Vec::new();
        for weather in ["clear", "fog"] {
            assert!(!cover(weather, &frame(0.37), &Window::whole(96, 64), &mut out));
        }
        assert!(out.is_empty());
        let few = |weather| covered(weather, &frame(0.37), &Window::whole(96, 64)).iter().sum::<f32>() / (96.0 * 64.0);
        assert!((0.005..0.05).contains(&few("rain")), "{}", few("rain"));
        assert!((0.005..0.05).contains(&few("snow")), "{}", few("snow"));
    }

    #[test]
    fn a_window_shows_what_the_whole_frame_shows_there() {
        let whole = covered("rain", &frame(0.37), &Window::whole(96, 64));
        let window = Window { width: 96, height: 64, column: 7, row: 3, columns: 9, rows: 8 };
        let part = covered("rain", &frame(0.37), &window);
        for (row, line) in part.chunks(36).enumerate() {
            let at = (12 + row) * 96 + 28;
            for (a, b) in line.iter().zip(&whole[at..at + 36]) {
                assert!((a - b).abs() < 1e-3, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_cycle_of_the_phase_brings_the_same_picture() {
        let window = Window::whole(96, 64);
        let pairs = covered("snow", &frame(0.37), &window).into_iter().zip(covered("snow", &frame(1.37), &window));
        assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-3);
    }
}
