//! Eyes, brows and mouths over time.

use super::ease::{hump, mix, smooth, wave};
use crate::chance::Chance;
use crate::spec::{Mood, Pose};

/// Seconds of motion that are planned ahead; a longer clip repeats the plan.
pub const PLAN: f32 = 24.0;

/// One syllable of speech: when, and the shape of the mouth at its middle.
#[derive(Clone, Copy, Debug)]
struct Syllable {
    from: f32,
    to: f32,
    open: f32,
    wide: f32,
    round: f32,
}

/// What a face does of its own accord: blinks, glances, and speech when it has the word.
#[derive(Clone, Debug)]
pub struct Face {
    mood: Mood,
    blinks: Vec<f32>,
    glances: Vec<(f32, f32, f32)>,
    syllables: Vec<Syllable>,
}

impl Face {
    /// Plans a face. `turn` says when it speaks, as (first start, length of a turn, length of a round); `None`: silent.
    pub fn new(mood: Mood, speech: Option<(f32, f32, f32)>, chance: &mut Chance) -> Face {
        let mut blinks = Vec::new();
        let mut t = chance.range(0.1, 1.8);
        while t < PLAN {
            blinks.push(t);
            // now and then a double blink
            t += if chance.happens(0.15) { 0.34 } else { chance.range(1.4, 3.2) };
        }
        let mut glances = vec![(-1.0, chance.range(-0.2, 0.5), chance.range(-0.25, 0.25))];
        let mut t = chance.range(0.3, 1.5);
        while t < PLAN {
            glances.push((t, chance.range(-0.45, 0.7), chance.range(-0.35, 0.3)));
            t += chance.range(0.9, 2.2);
        }
        Face { mood, blinks, glances, syllables: speech.map_or_else(Vec::new, |s| speak(s, chance)) }
    }

    /// Fills the face's fields of `pose` for the time `t`; `look` (x, y, weight) overrules where the eyes point.
    pub fn act(&self, t: f32, look: Option<(f32, f32, f32)>, pose: &mut Pose) {
        let t = t.rem_euclid(PLAN);
        pose.blink = self.blinks.iter().map(|&b| hump(t, b, b + 0.26)).fold(0.0, f32::max);
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
        for s in &self.syllables {
            let a = hump(t, s.from, s.to);
            if a > 0.0 {
                pose.mouth_open = mix(pose.mouth_open, s.open, a);
                pose.mouth_wide = mix(pose.mouth_wide, 0.6 * s.wide + 0.4 * wide, a);
                pose.mouth_round = mix(pose.mouth_round, s.round, a);
                pose.brow += 0.15 * a * s.open;
            }
        }
        pose.brow = pose.brow.clamp(-1.0, 1.0);
    }

    /// How loud the voice is at `t`, 0..1: gestures follow it.
    #[must_use]
    pub fn voice(&self, t: f32) -> f32 {
        let t = t.rem_euclid(PLAN);
        self.syllables.iter().map(|s| hump(t, s.from - 0.15, s.to + 0.15) * s.open).fold(0.0, f32::max)
    }

    fn glance(&self, t: f32) -> (f32, f32) {
        let now = self.glances.iter().rposition(|&(from, ..)| from <= t).unwrap_or(0);
        let (from, x, y) = self.glances[now];
        let (_, x0, y0) = self.glances[now.saturating_sub(1)];
        let s = smooth((t - from) / 0.16);
        (mix(x0, x, s), mix(y0, y, s))
    }
}

fn speak((start, turn, round): (f32, f32, f32), chance: &mut Chance) -> Vec<Syllable> {
    let mut syllables = Vec::new();
    let mut t = start;
    let mut in_word = 0;
    while t < PLAN {
        let into_round = (t - start).rem_euclid(round);
        if into_round > turn {
            t += (round - into_round).max(0.02); // rounding must not hold time still
            continue;
        }
        let length = chance.range(0.17, 0.27);
        let rounded = chance.happens(0.3);
        syllables.push(Syllable {
            from: t,
            to: t + length * 1.15,
            open: chance.range(0.5, 1.0),
            wide: if rounded { -0.5 } else { chance.range(0.2, 1.0) },
            round: if rounded { chance.range(0.6, 1.0) } else { 0.0 },
        });
        t += length;
        in_word += 1;
        if in_word >= 3 && chance.happens(0.35) {
            in_word = 0;
            t += chance.range(0.08, 0.25);
        }
    }
    syllables
}
