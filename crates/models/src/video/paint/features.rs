//! What the painter sees of a cell: where it lies in each character's, the prop's and the world's coordinates, and what
//! the bodies do. Inference and training both call this; [`FEATURES_VERSION`] counts its changes.
//!
//! A cell's *primary* character is the one it lies nearest to, so one learned function draws either of two characters.

use super::super::layout::{CHARACTERS, FrameLayout, Pose};
use std::f32::consts::PI;

/// Pixels on a cell's side.
pub const CELL: usize = 4;
/// Numbers a cell has.
pub const FEATURES: usize = PRIMARY + OTHER + PROP + WORLD + SHADOWS + WEATHER;
/// Where a cell's features hold twice its height in the world, and the sine and cosine of its place in the period of the far, the
/// middle and the near layer; then those of its place in the sky, which repeats after 2.
pub(super) const Y_AT: usize = PRIMARY + OTHER + PROP + 1;
pub(super) const LAYERS_AT: [usize; 3] = [FIRST_LAYER, FIRST_LAYER + 2 * OCTAVES, FIRST_LAYER + 4 * OCTAVES];
pub(super) const SKY_AT: usize = FIRST_LAYER + 6 * OCTAVES;
const FIRST_LAYER: usize = PRIMARY + OTHER + PROP + 3 + 2 * OCTAVES + 4;
/// Written into the weights' metadata: weights trained on other features do not load.
pub const FEATURES_VERSION: u32 = 2;

const PRIMARY: usize = 3 + 4 * 4 + 12 + 5;
const OTHER: usize = 3 + 4 * 3 + 8 + 1;
const PROP: usize = 3 + 4 * 3 + 2;
const OCTAVES: usize = 5;
const WORLD: usize = 3 + 2 * OCTAVES + 4 + 3 * (2 * OCTAVES) + 8 + 4;
const SHADOWS: usize = CHARACTERS;
const WEATHER: usize = 4;

/// FiLM row of a cell that no character is near.
pub const ROW_NOBODY: u8 = 0;

/// Where a character can be in its own coordinates, limbs and ears with it: half widths, and the box's middle down.
const BODY: Reach = Reach { half: (0.75, 0.64), middle: -0.085 };
/// The same of a prop, with the string of a balloon or kite.
const THING: Reach = Reach { half: (0.75, 0.95), middle: 0.2 };
/// A box below this is no box.
const FAINT: f32 = 0.01;
/// Below this a sigmoid is below [`FAINT`].
const OUTSIDE: f32 = -4.6;
/// The backgrounds repeat after this many world units.
const PERIOD: f32 = 2.4;

/// Some of a frame's cells: a frame is `width` × `height` pixels; the window counts in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub width: usize,
    pub height: usize,
    pub column: usize,
    pub row: usize,
    pub columns: usize,
    pub rows: usize,
}

impl Window {
    /// The whole frame; the sides are multiples of [`CELL`].
    pub fn whole(width: usize, height: usize) -> Window {
        Window { width, height, column: 0, row: 0, columns: width / CELL, rows: height / CELL }
    }

    /// Cells in the window.
    pub fn cells(&self) -> usize {
        self.columns * self.rows
    }
}

/// A place in the coordinates of a body: `u` to its front, `v` down, in its heights; `soft` is 1 inside its box, 0 outside.
#[derive(Clone, Copy, Default)]
struct Local {
    u: f32,
    v: f32,
    soft: f32,
}

#[derive(Clone, Copy)]
struct Reach {
    half: (f32, f32),
    middle: f32,
}

/// A body upright at the origin of its own coordinates.
struct Body {
    present: bool,
    x: f32,
    y: f32,
    sin: f32,
    cos: f32,
    /// How wide a turning paper figure looks; below 0 it faces left. Never near 0.
    flip: f32,
    /// Above 0 flatter and wider about the feet.
    squash: f32,
    scale: f32,
    reach: Reach,
    sharp: f32,
}

impl Body {
    fn character(pose: &Pose, cell: f32) -> Body {
        let flip = if pose.flip < 0.0 { pose.flip.clamp(-1.0, -0.15) } else { pose.flip.clamp(0.15, 1.0) };
        let (present, rot, squash) = (pose.present, pose.rot, pose.squash.clamp(-1.0, 1.0));
        Body { flip, squash, ..Body::thing(present, (pose.x, pose.y), rot, pose.height, BODY, cell) }
    }

    fn thing(present: f32, (x, y): (f32, f32), rot: f32, scale: f32, reach: Reach, cell: f32) -> Body {
        let scale = scale.max(1e-3);
        let (sin, cos) = rot.sin_cos();
        let sharp = 1.5 * scale / cell;
        Body { present: present > 0.5, x, y, sin, cos, flip: 1.0, squash: 0.0, scale, reach, sharp }
    }

    fn at(&self, x: f32, y: f32) -> Local {
        if !self.present {
            return Local::default();
        }
        let (dx, dy) = ((x - self.x) / self.scale, (y - self.y) / self.scale);
        let u = (dx * self.cos + dy * self.sin) / (self.flip * (1.0 + 0.3 * self.squash));
        let v = 0.5 - (0.5 - (dy * self.cos - dx * self.sin)) / (1.0 - 0.3 * self.squash);
        let Reach { half, middle } = self.reach;
        let across = (half.0 - u.abs()) * self.sharp * self.flip.abs();
        let along = (half.1 - (v - middle).abs()) * self.sharp;
        let soft = if across.min(along) < OUTSIDE { 0.0 } else { sigmoid(across) * sigmoid(along) };
        Local { u: u.clamp(-1.2, 1.2), v: v.clamp(-1.2, 1.2), soft: if soft < FAINT { 0.0 } else { soft } }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// sin and cos of π·x·2^i for i < N / 2: one sine, then doubled angles.
fn waves<const N: usize>(x: f32) -> [f32; N] {
    let (mut sin, mut cos) = (PI * x).sin_cos();
    let mut out = [0.0; N];
    for pair in out.as_chunks_mut::<2>().0 {
        *pair = [sin, cos];
        (sin, cos) = (2.0 * sin * cos, 1.0 - 2.0 * sin * sin);
    }
    out
}

/// What all cells of a column share.
struct Column {
    sx: f32,
    x: f32,
    /// Of the place in the world, of the three layers' scrolls, of the place in the frame.
    world: [f32; 4],
    layers: [[f32; 2 * OCTAVES]; 3],
    frame: [f32; 8],
}

/// What all cells of a line share.
struct Line {
    sy: f32,
    y: f32,
    world: [f32; 2 * OCTAVES],
}

/// Appends numbers to a row of features.
struct Row<'a>(&'a mut Vec<f32>);

impl Row<'_> {
    fn put(&mut self, values: &[f32]) {
        self.0.extend_from_slice(values);
    }

    /// Where the cell lies in a body, with the waves of `N / 2` octaves of both coordinates.
    fn place<const N: usize>(&mut self, at: Local) {
        self.put(&[at.soft, at.u * at.soft, at.v * at.soft]);
        if at.soft > 0.0 {
            self.put(&waves::<N>(at.u).map(|v| v * at.soft));
            self.put(&waves::<N>(at.v).map(|v| v * at.soft));
        } else {
            self.put(&[0.0; N]);
            self.put(&[0.0; N]);
        }
    }
}

/// What of a frame is the same for all its cells.
struct Scene<'a> {
    frame: &'a FrameLayout,
    zoom: f32,
    cell: f32,
    bodies: [Body; CHARACTERS],
    prop: Body,
    weather: [f32; 4],
}

impl Scene<'_> {
    fn new(frame: &FrameLayout, height: usize) -> Scene<'_> {
        let zoom = frame.cam_zoom.max(0.05);
        let cell = CELL as f32 / height as f32 / zoom;
        let bodies = frame.characters.each_ref().map(|pose| Body::character(pose, cell));
        let at = (frame.prop_x, frame.prop_y);
        let prop = Body::thing(frame.prop_present, at, frame.prop_rot, frame.prop_scale, THING, cell);
        Scene { frame, zoom, cell, bodies, prop, weather: waves(2.0 * frame.weather_phase) }
    }

    /// The column `sx` frame heights right of the frame's centre.
    fn column(&self, sx: f32) -> Column {
        let f = self.frame;
        let x = sx / self.zoom + f.cam_x;
        let scrolls = [f.scroll_far, 0.5 * (f.scroll_far + f.scroll_near), f.scroll_near];
        let layers = scrolls.map(|scroll| waves(2.0 * (sx / self.zoom + scroll) / PERIOD));
        Column { sx, x, world: waves(x), layers, frame: waves(sx / self.zoom) }
    }

    /// The line `sy` frame heights below the frame's centre.
    fn line(&self, sy: f32) -> Line {
        let y = sy / self.zoom + self.frame.cam_y;
        Line { sy, y, world: waves(y) }
    }

    /// One cell's features; returns its FiLM row.
    fn cell(&self, column: &Column, line: &Line, out: &mut Row) -> u8 {
        let f = self.frame;
        let (&Column { sx, x, .. }, &Line { sy, y, .. }) = (column, line);
        let at = self.bodies.each_ref().map(|b| b.at(x, y));
        let reach = |i: usize| if at[i].soft > 0.0 { (at[i].u.powi(2) + at[i].v.powi(2)).sqrt() } else { f32::MAX };
        let first = usize::from(reach(1) < reach(0));
        let second = 1 - first;
        let near = at[first].soft > 0.0;

        let (pose, body) = (&f.characters[first], &self.bodies[first]);
        out.place::<8>(at[first]);
        let w = if near { 1.0 } else { 0.0 };
        out.put(&[pose.swing, pose.lift, pose.wave, pose.squash, pose.sit, pose.gaze_x, pose.gaze_y].map(|v| v * w));
        out.put(&[pose.blink, pose.mouth_open, pose.mouth_wide, pose.mouth_round, pose.brow].map(|v| v * w));
        let side = body.flip.signum();
        out.put(&[body.sin, body.cos, body.flip, side, 4.0 * body.scale - 2.0].map(|v| v * w));

        let (pose, body) = (&f.characters[second], &self.bodies[second]);
        out.place::<6>(at[second]);
        let w = if near && at[second].soft > 0.0 { 1.0 } else { 0.0 };
        out.put(
            &[pose.swing, pose.lift, pose.wave, pose.squash, pose.sit, body.sin, body.cos, body.flip].map(|v| v * w),
        );
        out.put(&[if first == 1 { w } else { -w }]);

        let prop = self.prop.at(x, y);
        out.place::<6>(prop);
        out.put(&[self.prop.sin * prop.soft, self.prop.cos * prop.soft]);

        out.put(&[x, 2.0 * y, self.zoom - 1.0]);
        out.put(&line.world);
        out.put(&column.world);
        column.layers.iter().for_each(|waves| out.put(waves));
        out.put(&column.frame);
        out.put(&[sx / self.zoom, sx, sy, (self.cell * 24.0).ln()]);
        for (body, pose) in self.bodies.iter().zip(&f.characters) {
            out.put(&[if body.present { shadow(pose, x, y) } else { 0.0 }]);
        }
        out.put(&self.weather);
        if near { 1 + first as u8 } else { ROW_NOBODY }
    }
}

/// How deep the ground is in a character's shadow, 0..1: an ellipse at its feet's height over the ground.
fn shadow(pose: &Pose, x: f32, y: f32) -> f32 {
    let lying = (pose.rot.abs() - 0.9).clamp(0.0, 0.4) / 0.4;
    let wide = (pose.height * (0.30 + 0.16 * lying)).max(1e-3);
    let ground = pose.y + pose.height / 2.0 + pose.lift;
    (-((x - pose.x) / wide).powi(2) - ((y - ground) / (0.2 * wide + 0.03)).powi(2)).exp()
}

/// Appends the features of the window's cells, row by row, [`FEATURES`] numbers each, and each cell's FiLM row:
/// [`ROW_NOBODY`], 1 for the first character, 2 for the second.
pub fn cells(frame: &FrameLayout, window: &Window, features: &mut Vec<f32>, rows: &mut Vec<u8>) {
    let scene = Scene::new(frame, window.height.max(1));
    let pixel = 1.0 / window.height.max(1) as f32;
    let aspect = window.width as f32 * pixel;
    features.reserve(window.cells() * FEATURES);
    let mut out = Row(features);
    let sx = |column: usize| (column as f32 + 0.5) * CELL as f32 * pixel - 0.5 * aspect;
    let columns: Vec<Column> =
        (window.column..window.column + window.columns).map(|column| scene.column(sx(column))).collect();
    for row in window.row..window.row + window.rows {
        let line = scene.line((row as f32 + 0.5) * CELL as f32 * pixel - 0.5);
        rows.extend(columns.iter().map(|column| scene.cell(column, &line, &mut out)));
    }
}
