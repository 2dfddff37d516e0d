//! One character over time: its action, its mood and its face.

use super::ease::{hump, mix, overshoot, shuttle, smooth, wave};
use super::face::Face;
use super::sound::Beat;
use crate::spec::{Action, CharacterSpec, Kind, Mood, Pose};

/// Seconds after which no action shows how it began.
const LONG: f32 = 4.0;

/// How a walker, runner or flier gets along.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Travel {
    /// It stays where it is.
    Stay,
    /// It stays in the frame and the world goes by.
    Treadmill,
    /// It goes to and fro between two points.
    Shuttle { from: f32, to: f32 },
}

/// A character's plan for a shot.
#[derive(Clone, Debug)]
pub struct Actor {
    pub spec: CharacterSpec,
    pub face: Face,
    /// Its height in frame heights, the ground's y, its place and the way it faces (±1).
    pub height: f32,
    pub ground: f32,
    pub x: f32,
    pub facing: f32,
    pub travel: Travel,
    /// The action is seen to begin; else it has been going on for long.
    pub starts: bool,
    /// Where its cycles begin, 0..1.
    pub phase: f32,
    /// Its tempo, about 1.
    pub tempo: f32,
    /// It holds something up in front of it.
    pub holds: bool,
    /// The beat that it dances to.
    pub beat: Option<Beat>,
    /// A point it looks at, when it has one.
    pub target: Option<(f32, f32)>,
}

impl Actor {
    /// World units a second that a traveller makes.
    #[must_use]
    pub fn speed(&self) -> f32 {
        self.tempo
            * match self.spec.action {
                Action::Walk => 0.24,
                Action::Run => 0.52,
                Action::Fly => 0.34,
                _ => 0.0,
            }
    }

    /// Where it is and which way it faces at `t`.
    fn travel(&self, t: f32) -> (f32, f32) {
        match self.travel {
            Travel::Stay => (self.x, self.facing),
            Travel::Treadmill => (self.x + 0.03 * wave(0.31 * t + self.phase), self.facing),
            Travel::Shuttle { from, to } => {
                let half = ((to - from) / 2.0).max(0.01);
                let cycles = self.speed() * t / (4.0 * half);
                let (s, direction) = shuttle(cycles + self.phase, 0.05);
                ((from + to) / 2.0 + s * half, direction)
            }
        }
    }

    /// The pose `t` seconds into the shot.
    #[must_use]
    pub fn pose(&self, t: f32) -> Pose {
        let (x, flip) = self.travel(t);
        let mut p = Pose { present: 1.0, x, height: self.height, flip, ..Pose::default() };
        let happy = match self.spec.mood {
            Mood::Happy => 1.25,
            Mood::Sad => 0.75,
            Mood::Shy => 0.85,
            _ => 1.0,
        };
        // every body breathes
        p.squash = 0.05 * wave(0.42 * t + self.phase);
        self.face.act(t, self.look(t, x, flip), &mut p);
        let since = if self.starts { t } else { t + LONG };
        match self.spec.action {
            Action::Stand => self.stand(t, &mut p),
            Action::Walk => self.walk(t, &mut p),
            Action::Run => self.run(t, &mut p),
            Action::Jump => self.jump(t * happy, &mut p),
            Action::Wave => self.wave(t, since, &mut p),
            Action::Dance => {
                let hertz = self.beat.map_or(1.15 * self.tempo * happy, Beat::dance_hertz);
                // twice the phase: the sway takes two cycles
                let cycles = self.beat.map_or(hertz * t + 2.0 * self.phase, |b| b.dance(t));
                self.dance(cycles, hertz * t, &mut p);
            }
            Action::Spin => self.spin(t, &mut p),
            Action::Fly => self.fly(t, since, &mut p),
            Action::Sit => self.sit(t, since, &mut p),
            Action::Sleep => self.sleep(t, &mut p),
            Action::Talk => self.talk(t, &mut p),
            Action::Look => self.look_around(t, &mut p),
        }
        if self.spec.action != Action::Sleep {
            let floats = match self.spec.kind {
                Kind::Ghost => 0.045 + 0.012 * wave(0.55 * t + self.phase),
                Kind::Fish => 0.03 + 0.010 * wave(0.65 * t + self.phase),
                _ => 0.0,
            };
            p.lift += floats * (1.0 - 0.7 * p.sit);
        }
        if self.holds {
            p.wave = p.wave.clamp(0.42, 0.55);
        }
        if self.spec.mood == Mood::Sad {
            p.rot += 0.05 * p.flip * (1.0 - p.sit);
        }
        if self.spec.action != Action::Sleep {
            p.y = self.ground - p.height / 2.0 - p.lift;
        }
        p
    }

    /// Where its target is, as gaze, and how much it looks there: three quarters of the time.
    fn look(&self, t: f32, x: f32, flip: f32) -> Option<(f32, f32, f32)> {
        let (tx, ty) = self.target?;
        let c = (0.23 * t + self.phase).rem_euclid(1.0);
        let away = smooth((c - 0.70) / 0.05) * (1.0 - smooth((c - 0.95) / 0.05));
        let (dx, dy) = (tx - x, ty - (self.ground - 0.7 * self.height));
        let d = dx.hypot(dy).max(0.2);
        Some(((dx / d * flip).clamp(-1.0, 1.0), (dy / d).clamp(-1.0, 1.0) * 0.8, 1.0 - away))
    }

    fn stand(&self, t: f32, p: &mut Pose) {
        p.rot = 0.035 * wave(0.21 * t + self.phase);
        p.swing = 0.08 * wave(0.42 * t);
        p.wave = 0.04 + 0.03 * wave(0.42 * t + self.phase);
    }

    fn walk(&self, t: f32, p: &mut Pose) {
        let step = 1.25 * self.tempo * t + self.phase;
        p.swing = 0.72 * wave(step);
        p.lift = 0.018 * wave(step).abs();
        p.squash += 0.10 * (1.0 - 2.0 * wave(step).abs());
        p.rot = 0.05 * p.flip + 0.04 * wave(step);
        p.wave = 0.10 + 0.06 * wave(step + 0.25);
    }

    fn run(&self, t: f32, p: &mut Pose) {
        let step = 2.1 * self.tempo * t + self.phase;
        p.swing = wave(step);
        p.lift = 0.012 + 0.055 * wave(step).abs();
        p.squash += 0.16 * (1.0 - 2.0 * wave(step).abs());
        p.rot = 0.24 * p.flip + 0.03 * wave(step);
        p.wave = 0.30 + 0.16 * wave(step + 0.5);
    }

    /// Crouch, leap, hang, land, recover: one jump in `period` seconds.
    fn jump(&self, t: f32, p: &mut Pose) {
        let period = 1.15 / self.tempo;
        let c = (t / period + self.phase).rem_euclid(1.0);
        let (take_off, touch_down) = (0.24, 0.76);
        if c < take_off {
            p.squash = 0.62 * smooth(c / take_off * 1.2);
            p.wave = mix(0.05, 0.0, c / take_off);
            p.swing = 0.15 * smooth(c / take_off);
            p.gaze_y = mix(p.gaze_y, 0.2, 0.5 * hump(c, 0.0, take_off));
        } else if c < touch_down {
            let s = (c - take_off) / (touch_down - take_off);
            p.lift = 0.23 * 4.0 * s * (1.0 - s);
            p.squash =
                if s < 0.18 { mix(0.62, -0.55, smooth(s / 0.18)) } else { mix(-0.55, -0.25, hump(s, 0.18, 0.9)) };
            p.wave = 0.85 * smooth(s * 4.0);
            p.swing = 0.35 * (1.0 - s);
            p.gaze_y = mix(p.gaze_y, -0.6, hump(s, 0.0, 1.0));
        } else {
            let s = (c - touch_down) / (1.0 - touch_down);
            // the landing rings out
            let ring = 0.7 * (-3.2 * s).exp() * (std::f32::consts::PI * 2.2 * s).cos();
            p.squash = mix(-0.55, ring, smooth(s / 0.22));
            p.wave = 0.85 * (1.0 - smooth(s * 1.3)) + 0.05 * s;
        }
    }

    fn wave(&self, t: f32, since: f32, p: &mut Pose) {
        let up = overshoot(since / 0.35).max(0.0);
        let swish = wave(2.1 * self.tempo * t + self.phase);
        p.wave = (up * (0.78 + 0.20 * swish)).clamp(0.0, 1.0);
        p.rot = 0.05 * up * swish - 0.04 * p.flip * up;
        p.squash += 0.05 * wave(1.05 * self.tempo * t);
        p.swing = 0.05 * swish;
        p.mouth_open = p.mouth_open.max(0.2 * up);
    }

    /// `beat` in cycles of the steps; how many there were `since` the shot began.
    fn dance(&self, beat: f32, since: f32, p: &mut Pose) {
        let sway = wave(beat / 2.0 + 0.1);
        p.rot = 0.24 * sway;
        p.x += 0.045 * sway;
        p.swing = 0.75 * wave(beat);
        p.lift = 0.05 * wave(beat).abs();
        p.squash += 0.24 * (1.0 - 2.0 * wave(beat).abs());
        p.wave = 0.5 + 0.42 * wave(beat / 2.0 + 0.35);
        // a turn on every fourth beat
        let bars = since / 4.0 + 0.35;
        let bar = bars.rem_euclid(1.0);
        let side = if bars.rem_euclid(2.0) < 1.0 { 1.0 } else { -1.0 };
        p.flip = self.facing
            * side
            * (1.0 - 2.0 * smooth((bar - 0.94) / 0.06).min(0.5))
            * if bar < 0.03 { bar / 0.03 } else { 1.0 };
        p.mouth_wide = p.mouth_wide.max(0.2);
    }

    fn spin(&self, t: f32, p: &mut Pose) {
        let turns = 0.95 * self.tempo * t + self.phase;
        p.flip = (std::f32::consts::TAU * turns).cos();
        p.wave = 0.68 + 0.08 * wave(2.0 * turns);
        p.swing = 0.25 * wave(turns);
        p.lift = 0.02 + 0.02 * wave(2.0 * turns);
        p.squash = -0.14 + 0.05 * wave(2.0 * turns + 0.3);
        p.rot = 0.06 * wave(turns + 0.2);
    }

    fn fly(&self, t: f32, since: f32, p: &mut Pose) {
        let up = smooth(since / 0.5);
        let flap = 1.9 * self.tempo * t + self.phase;
        p.lift = up * (0.19 + 0.035 * wave(0.6 * t + self.phase) - 0.012 * wave(flap));
        p.wave = 0.52 + 0.46 * wave(flap);
        p.rot = 0.30 * p.flip * up + 0.05 * wave(0.6 * t + self.phase + 0.2);
        p.swing = -0.45 + 0.15 * wave(flap);
        p.squash = -0.12 + 0.08 * wave(flap + 0.25);
    }

    fn sit(&self, t: f32, since: f32, p: &mut Pose) {
        p.sit = overshoot(since / 0.5).clamp(0.0, 1.0);
        p.squash += 0.3 * hump(since, 0.15, 0.6);
        p.swing = 0.3 * wave(0.55 * t + self.phase) * p.sit;
        p.rot = 0.04 * wave(0.27 * t + self.phase) - 0.05 * p.flip;
        p.wave = 0.03;
    }

    fn sleep(&self, t: f32, p: &mut Pose) {
        let breath = wave(0.3 * t + self.phase);
        p.blink = 1.0;
        p.rot = -(1.36 + 0.03 * breath) * p.flip;
        p.squash = 0.07 * breath;
        p.mouth_open = 0.18 + 0.12 * breath;
        (p.mouth_round, p.mouth_wide, p.brow) = (0.7, 0.0, 0.1);
        (p.gaze_x, p.gaze_y, p.wave, p.swing) = (0.0, 0.0, 0.08, 0.12);
        p.y = self.ground - 0.30 * p.height;
        p.lift = self.ground - p.height / 2.0 - p.y;
    }

    fn talk(&self, t: f32, p: &mut Pose) {
        let voice = self.face.voice(t);
        p.wave = 0.12 + 0.30 * voice * (0.6 + 0.4 * wave(0.8 * t + self.phase));
        p.rot = 0.05 * wave(0.45 * t + self.phase) + 0.05 * p.flip * voice;
        p.squash += -0.06 * voice;
        p.swing = 0.06 * wave(0.42 * t);
        if p.gaze_x.abs() > 0.0 {
            p.gaze_x = mix(p.gaze_x, 0.45, 0.5);
        }
    }

    /// Far to one side, a hold, far to the other, and a turn round now and then.
    fn look_around(&self, t: f32, p: &mut Pose) {
        let c = (0.36 * self.tempo * t + self.phase).rem_euclid(1.0);
        let to = |x: f32| smooth((c - x) / 0.07);
        let side = 1.0 - 2.0 * to(0.22) + 2.0 * to(0.72);
        let up = wave(c + 0.1);
        p.flip = self.facing * (1.0 - 2.0 * to(0.46) + 2.0 * to(0.93) * if c > 0.9 { 1.0 } else { 0.0 });
        p.gaze_x = side;
        p.gaze_y = -0.45 * up;
        p.rot = 0.11 * side * p.flip;
        p.squash = -0.16 - 0.05 * hump(c, 0.3, 0.6);
        p.wave = 0.60;
        p.swing = 0.05 * side;
        p.brow = p.brow.max(0.35);
    }
}
