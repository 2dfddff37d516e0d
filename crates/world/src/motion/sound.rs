//! Made-up soundtracks, as the numbers a frame that the motion model hears: speech whose syllables open a mouth, and music
//! whose beat a dancer keeps. There is no recording behind them: levels, pitch and onsets are those that such a sound would give.

use super::ease::{hump, mix, smooth};
use crate::chance::Chance;

/// Numbers of a frame: 12 mel levels, energy, pitch, the mouth's open, wide and round, onset. A level is log10 of the power
/// / 5 + 1, energy (dB + 60) / 60, pitch log2 of hertz / 150 or 0 where there is no voice.
pub const HEARD: usize = 18;
const MEL: usize = 12;
const ENERGY: usize = 12;
const PITCH: usize = 13;
/// Where a frame's mouth begins: open, wide, round.
pub const MOUTH: usize = 14;
const ONSET: usize = 17;
/// Numbers are means over a frame of values this many seconds apart.
const STEP: f32 = 0.01;

/// A soundtrack: what is heard in each frame, and its beat if it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    frames: Vec<[f32; HEARD]>,
    fps: f32,
    speaks: bool,
    beat: Option<Beat>,
}

/// Seconds of the first beat and between two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beat {
    first: f32,
    period: f32,
}

/// A mouth: open, wide, round.
type Mouth = [f32; 3];

/// The mouths of a language's vowels (A, E, I, O, U, ER), as visemes are tabulated.
const VOWELS: [Mouth; 6] =
    [[0.9, 0.2, 0.0], [0.6, 0.5, 0.0], [0.35, 0.8, 0.0], [0.7, 0.0, 0.7], [0.35, 0.0, 1.0], [0.25, 0.0, 0.5]];

/// One syllable: when it sounds, its vowel, how loud and how high.
#[derive(Clone, Copy)]
struct Syllable {
    from: f32,
    to: f32,
    mouth: Mouth,
    level: f32,
    pitch: f32,
}

impl Sound {
    /// Draws `n_frames` frames of speech, of music, or of both.
    pub fn draw(chance: &mut Chance, n_frames: usize, fps: f32) -> Sound {
        let kind = chance.unit();
        let (speaks, plays) = (kind < 0.7, kind > 0.5);
        let length = n_frames as f32 / fps;
        let period = 60.0 / chance.range(84.0, 170.0);
        let beat = plays.then(|| Beat { first: period * chance.unit(), period });
        let syllables = if speaks { speech(chance, length) } else { Vec::new() };
        let quiet = chance.range(0.0, 0.2);
        let strength = chance.range(0.15, 0.7);
        let loud = chance.range(0.45, 0.8);
        let off_beat = chance.range(0.0, 0.5);
        let moment = |t: f32| {
            let mut out = [0.0; HEARD];
            let said = syllables.iter().map(|s| (hump(t, s.from, s.to), s)).max_by(|a, b| a.0.total_cmp(&b.0));
            let (voice, mouth, level, pitch) =
                said.map_or((0.0, [0.0; 3], 0.0, 0.0), |(a, s)| (a, s.mouth, s.level, s.pitch));
            let (hit, rise) = beat.map_or((0.0, 0.0), |b| b.pulse(t, off_beat));
            out[ENERGY] = quiet.max(level * voice.sqrt()).max(loud * hit).min(1.0);
            for (k, band) in out.iter_mut().take(MEL).enumerate() {
                let k = k as f32 / (MEL - 1) as f32;
                // speech has its first formant where the mouth opens, its second where the lips spread; drums are low
                let first = 1.0 - (4.0 * (k - mix(0.2, 0.4, mouth[0]))).abs().min(1.0);
                let second = 1.0 - (4.0 * (k - mix(0.45, 0.8, mouth[1] - 0.5 * mouth[2] + 0.4))).abs().min(1.0);
                let spoken = level * voice.sqrt() * (0.35 + 0.65 * first.max(0.7 * second));
                *band = (quiet.max(spoken).max(loud * hit * (1.0 - 0.7 * k)) * 1.8 - 0.9).clamp(-1.0, 1.0);
            }
            out[PITCH] = if voice > 0.3 { pitch } else { 0.0 };
            for (o, m) in out.iter_mut().skip(MOUTH).zip(mouth) {
                *o = m * voice;
            }
            let begins = syllables.iter().any(|s| (0.0..0.03).contains(&(t - s.from)));
            out[ONSET] = (strength * rise).max(if begins { 0.6 * strength } else { 0.0 });
            out
        };
        let steps = ((1.0 / fps / STEP).round() as usize).max(1);
        let frame = |i: usize| {
            let mut mean = [0.0; HEARD];
            for k in 0..steps {
                let now = moment(i as f32 / fps + (k as f32 + 0.5) * STEP);
                mean.iter_mut().zip(now).for_each(|(m, v)| *m += v / steps as f32);
            }
            mean
        };
        let mut frames: Vec<[f32; HEARD]> = (0..n_frames).map(frame).collect();
        let noise = chance.range(0.0, 0.04);
        for value in frames.iter_mut().flat_map(|f| f.iter_mut().take(MEL + 1)) {
            *value += noise * chance.range(-1.0, 1.0);
        }
        Sound { frames, fps, speaks, beat }
    }

    /// What is heard in each frame.
    #[must_use]
    pub fn frames(&self) -> &[[f32; HEARD]] {
        &self.frames
    }

    /// Whether somebody speaks in it.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.speaks
    }

    /// The beat of its music.
    #[must_use]
    pub fn beat(&self) -> Option<Beat> {
        self.beat
    }

    /// The mouth at `t`, and how much of a voice there is, 0..1.
    #[must_use]
    pub fn mouth(&self, t: f32) -> (f32, Mouth) {
        let mouth: Mouth = std::array::from_fn(|k| self.at(t, MOUTH + k));
        // between two sounds of a word the mouth is the voice's, though it is shut
        let voiced = (-2..=2).map(|k| self.said(t + 0.05 * k as f32)).fold(0.0, f32::max);
        (smooth(voiced / 0.12), mouth)
    }

    /// How loud the voice is around `t`, 0..1: gestures follow it.
    #[must_use]
    pub fn voice(&self, t: f32) -> f32 {
        let around = (-4..=4).map(|k| self.said(t + 0.07 * k as f32)).sum::<f32>() / 9.0;
        smooth(around / 0.3)
    }

    fn said(&self, t: f32) -> f32 {
        (0..3).map(|k| self.at(t, MOUTH + k)).fold(0.0, f32::max)
    }

    /// Number `k` at `t`, linearly between two frames.
    fn at(&self, t: f32, k: usize) -> f32 {
        let place = (t * self.fps).clamp(0.0, self.frames.len().saturating_sub(1) as f32);
        let get = |i: usize| self.frames.get(i).map_or(0.0, |f| f[k]);
        let i = place as usize;
        mix(get(i), get((i + 1).min(self.frames.len().saturating_sub(1))), place.fract())
    }
}

impl Beat {
    /// Cycles of a dance at `t`: two beats each, its feet down on the beats.
    #[must_use]
    pub fn dance(self, t: f32) -> f32 {
        (t - self.first) * self.dance_hertz()
    }

    /// Cycles of a dance a second.
    #[must_use]
    pub fn dance_hertz(self) -> f32 {
        1.0 / (2.0 * self.period)
    }

    /// What is left of the last hit at `t`, and whether one begins; hits between the beats have a part of the strength.
    fn pulse(self, t: f32, between: f32) -> (f32, f32) {
        let halves = (t - self.first) / (0.5 * self.period);
        let since = halves.rem_euclid(1.0) * 0.5 * self.period;
        let strength = if halves.floor().rem_euclid(2.0) < 1.0 { 1.0 } else { between };
        (strength * (-since / 0.12).exp(), if since < 0.03 { strength } else { 0.0 })
    }
}

/// Words of one to four syllables with pauses between, `length` seconds of them.
fn speech(chance: &mut Chance, length: f32) -> Vec<Syllable> {
    let (voice, rate) = (chance.range(-0.8, 1.0), chance.range(0.85, 1.2));
    let mut out = Vec::new();
    let mut t = chance.range(-0.2, 0.5);
    while t < length {
        for _ in 0..1 + chance.below(4) {
            let long = chance.range(0.14, 0.3) * rate;
            let stress = chance.range(0.7, 1.0);
            let mouth = chance.pick(&VOWELS).map(|v| v * stress);
            let pitch = voice + chance.range(-0.15, 0.2);
            out.push(Syllable { from: t, to: t + long, mouth, level: chance.range(0.5, 0.85), pitch });
            t += long;
        }
        t += if chance.happens(0.25) { chance.range(0.3, 0.9) } else { chance.range(0.0, 0.12) };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_ranges_of_real_sounds_and_the_seed_decides() {
        for seed in 0..200 {
            let draw = |seed| Sound::draw(&mut Chance::new(seed, 5), 33, 12.0);
            let sound = draw(seed);
            assert_eq!(sound, draw(seed));
            assert_eq!(sound.frames().len(), 33);
            for f in sound.frames() {
                assert!(f.iter().all(|v| v.is_finite() && v.abs() <= 1.4), "{f:?}");
                assert!(f[MOUTH..].iter().all(|v| (0.0..=1.0).contains(v)), "{f:?}");
                assert!(sound.speaks() || f[MOUTH..ONSET] == [0.0; 3], "music has no mouth");
            }
        }
    }

    #[test]
    fn onsets_are_where_the_beats_are() {
        let music = (0..).map(|seed| Sound::draw(&mut Chance::new(seed, 5), 120, 30.0));
        let sound = music.into_iter().find(|s| !s.speaks()).unwrap();
        let beat = sound.beat.unwrap();
        let on = |i: usize| (i as f32 / 30.0 - beat.first).rem_euclid(beat.period) < 1.0 / 30.0;
        let mean = |of: bool| {
            let all: Vec<f32> = (2..120).filter(|&i| on(i) == of).map(|i| sound.frames()[i][ONSET]).collect();
            all.iter().sum::<f32>() / all.len() as f32
        };
        assert!(mean(true) > 3.0 * mean(false), "{} {}", mean(true), mean(false));
        let cycles = beat.dance(beat.first + 2.0 * beat.period);
        assert!((cycles - 1.0).abs() < 1e-4);
    }
}
