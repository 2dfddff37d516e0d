//! Eyes, brows and mouths over time, planned in half seconds.

use super::choices::{Kind, choices, range, yes};
use super::ease::{hump, mix, smooth, wave};
use super::sound::Sound;
use crate::chance::Chance;
use crate::spec::{Mood, Pose};

/// Seconds of one cell of the plan.
pub const CELL: f32 = 0.5;
/// Cells that are planned; a longer clip repeats them.
pub const PLAN_CELLS: usize = 48;
const PLAN: f32 = CELL * PLAN_CELLS as f32;

choices! {
    /// What a face does in half a second.
    Cell {
        blinks: Kind::Coin(0.25),
        blink_at: Kind::Uniform,
        /// Where it glances for a second from here on, if the cell's number is even.
        glance_x: Kind::Uniform,
        glance_y: Kind::Uniform,
        /// How far the mouth opens for each of two syllables, and its shape from round to wide.
        open_1: Kind::Uniform,
        shape_1: Kind::Uniform,
        open_2: Kind::Uniform,
        shape_2: Kind::Uniform,
        /// A word ends: the second syllable is silent.
        pause: Kind::Coin(0.2),
    }
}

/// When a face has the word: the first start, the length of a turn and of a round, in seconds.
pub type Turns = (f32, f32, f32);

/// What a mouth says.
#[derive(Clone, Debug)]
pub enum Speech {
    Silent,
    /// Syllables of its own plan, when it has the word.
    Planned(Turns),
    /// What is heard.
    Heard(Sound),
}

/// What a face does: blinks, glances and speech.
#[derive(Clone, Debug)]
pub struct Face {
    mood: Mood,
    speech: Speech,
    cells: Vec<Cell>,
}

impl Face {
    /// A face with its plan.
    pub fn new(mood: Mood, speech: Speech, cells: Vec<Cell>) -> Face {
        Face { mood, speech, cells }
    }

    fn cell(&self, at: i32) -> Cell {
        self.cells.get(at.rem_euclid(PLAN_CELLS as i32) as usize).copied().unwrap_or_default()
    }

    /// Fills the face's fields of `pose` for the time `t`; `look` (x, y, weight) overrules where the eyes point.
    pub fn act(&self, t: f32, look: Option<(f32, f32, f32)>, pose: &mut Pose) {
        let (heard, t) = (t, t.rem_euclid(PLAN));
        let at = (t / CELL) as i32;
        let cell = self.cell(at);
        if yes(cell.blinks) {
            let from = at as f32 * CELL + 0.24 * cell.blink_at;
            pose.blink = hump(t, from, from + 0.26);
        }
        let (x, y) = self.glance(t);
        let (gx, gy) = look.map_or((x, y), |(lx, ly, w)| (mix(x, lx, w), mix(y, ly, w)));
        let (wide, round, open, brow, dx, dy) = match self.mood {
            Mood::Neutral => (0.35, 0.0, 0.0, 0.0, 0.0, 0.0),
            Mood::Happy => (0.9, 0.0, 0.25, 0.35, 0.0, -0.05),
            Mood::Sad => (-0.7, 0.0, 0.0, 0.4, 0.0, 0.35),
            Mood::Surprised => (0.0, 0.9, 0.5, 1.0, 0.0, -0.1),
            Mood::Angry => (-0.5, 0.0, 0.0, -0.9, 0.1, 0.1),
            Mood::Shy => (0.2, 0.0, 0.0, 0.25, -0.3, 0.55),
        };
        pose.gaze_x = (gx + dx).clamp(-1.0, 1.0);
        pose.gaze_y = (gy + dy).clamp(-1.0, 1.0);
        (pose.mouth_wide, pose.mouth_round, pose.mouth_open) = (wide, round, open);
        pose.brow = brow + 0.08 * wave(0.37 * t);
        let (a, said) = self.syllable(heard);
        if a > 0.0 {
            pose.mouth_open = mix(pose.mouth_open, said.open, a);
            pose.mouth_wide = mix(pose.mouth_wide, 0.6 * said.wide + 0.4 * wide, a);
            pose.mouth_round = mix(pose.mouth_round, said.round, a);
            pose.brow += 0.15 * a * said.open;
        }
        pose.brow = pose.brow.clamp(-1.0, 1.0);
    }

    /// How loud the voice is at `t`, 0..1: gestures follow it.
    #[must_use]
    pub fn voice(&self, t: f32) -> f32 {
        match &self.speech {
            Speech::Silent => 0.0,
            Speech::Heard(sound) => sound.voice(t),
            Speech::Planned(turns) => {
                let into = into_turn(*turns, t.rem_euclid(PLAN));
                smooth(into / 0.25) * smooth((turns.1 - into) / 0.25)
            }
        }
    }

    /// How much of a syllable is heard at `t`, and which.
    fn syllable(&self, t: f32) -> (f32, Syllable) {
        let turns = match &self.speech {
            Speech::Silent => return (0.0, Syllable::default()),
            Speech::Heard(sound) => {
                let (voice, [open, wide, round]) = sound.mouth(t);
                return (voice, Syllable { open, wide: wide - 0.5 * round, round });
            }
            Speech::Planned(turns) => *turns,
        };
        let t = t.rem_euclid(PLAN);
        let into = into_turn(turns, t);
        if into < 0.0 || into > turns.1 {
            return (0.0, Syllable::default());
        }
        let cell = self.cell((t / CELL) as i32);
        let within = t.rem_euclid(CELL);
        let (from, said) = if within < 0.5 * CELL {
            (0.0, Syllable::new(cell.open_1, cell.shape_1))
        } else if yes(cell.pause) {
            return (0.0, Syllable::default());
        } else {
            (0.5 * CELL, Syllable::new(cell.open_2, cell.shape_2))
        };
        let edge = smooth(into / 0.12) * smooth((turns.1 - into) / 0.12);
        (hump(within, from, from + 0.5 * CELL) * edge, said)
    }

    /// A new point each second.
    fn glance(&self, t: f32) -> (f32, f32) {
        let second = (t / (2.0 * CELL)) as i32;
        let (old, new) = (self.cell(2 * second - 2), self.cell(2 * second));
        let s = smooth((t - second as f32 * 2.0 * CELL) / 0.16);
        let x = |c: Cell| range(c.glance_x, -0.45, 0.7);
        let y = |c: Cell| range(c.glance_y, -0.35, 0.3);
        (mix(x(old), x(new), s), mix(y(old), y(new), s))
    }
}

/// Seconds since its turn began; negative before its first.
fn into_turn((start, _, round): Turns, t: f32) -> f32 {
    if t < start { t - start } else { (t - start).rem_euclid(round) }
}

/// The mouth in the middle of a syllable.
#[derive(Clone, Copy, Debug, Default)]
struct Syllable {
    open: f32,
    wide: f32,
    round: f32,
}

impl Syllable {
    fn new(open: f32, shape: f32) -> Self {
        let rounded = smooth((0.45 - shape) / 0.3);
        Self { open: range(open, 0.5, 1.0), wide: mix(range(shape, 0.2, 1.0), -0.5, rounded), round: 0.85 * rounded }
    }
}
