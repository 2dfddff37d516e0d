//! The picture of a frame: a function of the shot's words and the frame's layout, and of nothing else.
//!
//! * Screen: x over ± half the aspect, y over ± 1/2, at pixel centres. World: `cam + screen / zoom`.
//! * Layers of the background stand at `screen.x / zoom + scroll` with the far, the near or the mean scroll, and repeat
//!   after [`crate::motion::PERIOD`]. Sun, moon and stars stand at `screen / zoom`.
//! * A character's units: `d = (world − (x, y)) / height`, turned by `rot` (clockwise), u divided by the flip (never
//!   nearer to 0 than 0.15), then squash about the feet: `u / (1 + 0.3 q)`, `0.5 − (0.5 − v) / (1 − 0.3 q)`.
//! * A prop's units: `(world − (prop_x, prop_y)) / prop_scale`, turned by `prop_rot`.
//! * Order: background, haze, ground shadows, character a, character b, prop, weather.
//! * The picture has period 1 in `weather_phase`.

pub mod canvas;
mod characters;
mod light;
mod places;
mod props;
mod shapes;
mod sky;
mod stage;
mod weather;

pub use canvas::Window;
pub use light::paint;

use crate::spec::{Action, CharacterSpec, FrameLayout, Pose, Prop, ShotSpec};
use canvas::{Canvas, Class, hex};
use characters::Figure;
use light::Light;
use stage::Stage;

/// A picture: 8-bit RGB rows from the top, and what each pixel belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub width: usize,
    pub height: usize,
    /// `width × height × 3` bytes.
    pub rgb: Vec<u8>,
    /// `width × height` bytes: 255 a character, 128 the prop, 0 the background.
    pub mask: Vec<u8>,
}

/// Draws a frame of `width` × `height` pixels.
#[must_use]
pub fn render(shot: &ShotSpec, frame: &FrameLayout, width: usize, height: usize) -> Image {
    render_window(shot, frame, (width, height), Window { x: 0, y: 0, width, height })
}

/// Draws the pixels `window` of a frame of `size` pixels (width, height): the same values that [`render`] gives there.
#[must_use]
pub fn render_window(shot: &ShotSpec, frame: &FrameLayout, size: (usize, usize), window: Window) -> Image {
    let (x, y) = (window.x.min(size.0), window.y.min(size.1));
    let (width, height) = (window.width.min(size.0 - x), window.height.min(size.1 - y));
    // a figure's shadow reaches a few pixels to the right and below
    let margin = size.1 / 64 + 2;
    let (left, up) = (x.min(margin), y.min(margin));
    let (right, down) = ((size.0 - x - width).min(1), (size.1 - y - height).min(1));
    let inner = Window { x: x - left, y: y - up, width: width + left + right, height: height + up + down };
    if width == 0 || height == 0 {
        return Image { width, height, rgb: Vec::new(), mask: Vec::new() };
    }
    let mut c = Canvas::new(size, inner);
    draw(&mut c, shot, frame);
    let (rgb, mask) = c.finish();
    if (inner.width, inner.height) == (width, height) {
        return Image { width, height, rgb, mask };
    }
    let rows = (up..up + height).map(|row| (row * inner.width + left)..(row * inner.width + left + width));
    Image {
        width,
        height,
        rgb: rows.clone().flat_map(|r| rgb[r.start * 3..r.end * 3].iter().copied()).collect(),
        mask: rows.flat_map(|r| mask[r].iter().copied()).collect(),
    }
}

fn draw(c: &mut Canvas, shot: &ShotSpec, frame: &FrameLayout) {
    let stage = Stage::new(Light::new(shot), frame, c);
    places::draw(c, &stage, shot.place);
    weather::behind(c, &stage, shot.place);
    let cast: Vec<(&CharacterSpec, &Pose)> =
        shot.characters.iter().zip(&frame.characters).filter(|(_, p)| p.present > 0.5 && p.height > 0.01).collect();
    for (_, p) in &cast {
        let lying = (p.rot.abs() - 0.9).clamp(0.0, 0.4) / 0.4;
        let high = (p.lift / 0.3).clamp(0.0, 1.0);
        let y = p.y + p.height / 2.0 + p.lift;
        let a = p.height * (0.30 + 0.16 * lying) * (1.0 - 0.35 * high);
        c.glow(&stage.world, p.x, y, (a, a * 0.20), 0.03, [0.05, 0.05, 0.14], 0.34 * (1.0 - 0.45 * high));
    }
    for (spec, pose) in cast {
        c.class(Class::Character);
        c.begin_cutout();
        characters::draw(c, &Figure::new(&stage.world, spec, pose, &stage.light), spec.kind);
        c.end_cutout(0.016, 0.26);
        c.class(Class::Background);
        if spec.action == Action::Sleep {
            snore(c, &stage, pose);
        }
    }
    if frame.prop_present > 0.5 && shot.prop != Prop::None && frame.prop_scale > 0.01 {
        let s = stage.world.at(frame.prop_x, frame.prop_y, frame.prop_scale).turned(frame.prop_rot);
        c.class(Class::Prop);
        c.begin_cutout();
        props::draw(c, &s, shot.prop, &stage.light);
        c.end_cutout(0.012, 0.24);
    }
    c.class(Class::Background);
    weather::front(c, &stage, shot.place);
}

/// Two rising letters Z over a sleeper's head.
fn snore(c: &mut Canvas, stage: &Stage, pose: &Pose) {
    let (hx, hy) = crate::rig::to_world(pose, (0.1, -0.25));
    for (k, size) in [(0.0_f32, 0.055_f32), (1.0, 0.038)] {
        let bob = 0.012 * stage.beat(0.25 * k);
        let s = stage.world.at(hx + 0.09 * (1.0 - k), hy - 0.15 - 0.10 * (1.0 - k) + bob, size);
        let color = hex(0xffffff);
        c.stick(&s, (-0.5, -0.6), (0.5, -0.6), 0.17, color);
        c.stick(&s, (0.5, -0.6), (-0.5, 0.6), 0.17, color);
        c.stick(&s, (-0.5, 0.6), (0.5, 0.6), 0.17, color);
    }
}

#[cfg(test)]
mod tests;
