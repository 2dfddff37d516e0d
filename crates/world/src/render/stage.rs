//! The spaces of a frame: sky, far, middle and near layers, each with its own scroll and the common period.

use super::canvas::{Canvas, Space};
use super::light::Light;
use crate::motion::PERIOD;
use crate::spec::FrameLayout;
use std::f32::consts::TAU;

/// What a place draws with.
pub struct Stage {
    pub light: Light,
    /// Fixed to the frame's middle, under the zoom: sun, moon, stars.
    pub sky: Space,
    pub far: Space,
    pub mid: Space,
    pub near: Space,
    /// The world of the characters.
    pub world: Space,
    /// The visible half width of the layers.
    half: f32,
    /// 0..1: the phase of small moving things.
    pub phase: f32,
}

impl Stage {
    #[must_use]
    pub fn new(light: Light, frame: &FrameLayout, canvas: &Canvas) -> Stage {
        let zoom = frame.cam_zoom.clamp(0.2, 8.0);
        let layer = |x: f32| Space::camera(x, frame.cam_y, zoom);
        Stage {
            light,
            sky: layer(0.0),
            far: layer(frame.scroll_far),
            mid: layer(0.5 * (frame.scroll_far + frame.scroll_near)),
            near: layer(frame.scroll_near),
            world: layer(frame.cam_x),
            half: canvas.half_width() / zoom,
            phase: frame.weather_phase.rem_euclid(1.0),
        }
    }

    /// The visible places of a thing that stands at `x` of every period of `layer` and reaches `reach` to both sides.
    pub fn repeats(&self, layer: &Space, x: f32, reach: f32) -> impl Iterator<Item = f32> + use<> {
        let middle = layer.of(0.0, 0.0).0;
        let first = ((middle - self.half - reach - x) / PERIOD).ceil() as i32;
        let last = ((middle + self.half + reach - x) / PERIOD).floor() as i32;
        (first..=last).map(move |k| x + k as f32 * PERIOD)
    }

    /// A sine of the small moving things.
    #[must_use]
    pub fn beat(&self, shift: f32) -> f32 {
        (TAU * (self.phase + shift)).sin()
    }
}

/// A hill line: sines that fit into the period.
#[inline]
#[must_use]
pub fn roll(x: f32, k: f32, shift: f32) -> f32 {
    (TAU / PERIOD * k * x + shift).sin()
}
