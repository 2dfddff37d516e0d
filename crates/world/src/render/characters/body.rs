//! What bodies share: tones, limbs, eyes, brows, mouths, cheeks.

use crate::render::canvas::{Canvas, Rgb, Space, hex, mix, times};
use crate::render::light::{Light, paint};
use crate::rig;
use crate::spec::{CharacterSpec, Mood, Pose};

/// A figure being drawn: its space (box of height 1, v down, feet at 0.5, +u is the facing side) and its tones.
pub struct Figure<'a> {
    pub s: Space,
    pub pose: &'a Pose,
    pub mood: Mood,
    pub main: Rgb,
    pub shade: Rgb,
    pub pale: Rgb,
    pub light: &'a Light,
}

/// Dark lines and pupils.
pub const INK: Rgb = hex(0x2a2238);

impl<'a> Figure<'a> {
    /// The figure of a character in `world`.
    #[must_use]
    pub fn new(world: &Space, spec: &CharacterSpec, pose: &'a Pose, light: &'a Light) -> Figure<'a> {
        let main = light.figure(paint(spec.color));
        let q = pose.squash.clamp(-1.0, 1.0);
        let height = pose.height.clamp(0.05, 2.0);
        let s = world.at(pose.x, pose.y, height).turned(pose.rot);
        let s = s.stretched(0.0, 0.5, rig::turn(pose.flip) * (1.0 + 0.3 * q), 1.0 - 0.3 * q).at(0.0, -0.5, 1.0);
        Figure {
            s,
            pose,
            mood: spec.mood,
            main,
            shade: times(main, [0.74, 0.70, 0.80]),
            pale: mix(main, light.figure([1.0, 0.98, 0.94]), 0.62),
            light,
        }
    }

    /// A colour of its own under the light.
    #[must_use]
    pub fn lit(&self, color: u32) -> Rgb {
        self.light.figure(hex(color))
    }

    #[must_use]
    pub fn tones(&self) -> (Rgb, Rgb) {
        (self.main, self.shade)
    }

    /// The body's space: it sinks when the character sits.
    #[must_use]
    pub fn trunk(&self) -> Space {
        self.s.at(0.0, rig::SIT_DROP * self.pose.sit, 1.0)
    }

    /// Two legs from hips at ± `x` and height `y`, `r` thick, with feet of half length `foot`.
    pub fn legs(&self, c: &mut Canvas, x: f32, y: f32, r: f32, (leg, shoe): (Rgb, Rgb), foot: f32) {
        let (swing, sit) = (self.pose.swing, self.pose.sit);
        for (side, tone) in [(-1.0_f32, 0.82_f32), (1.0, 1.0)] {
            let hip = (side * x, y + rig::SIT_DROP * sit);
            let k = side * swing;
            let ankle = (
                side * x + 0.19 * k * (1.0 - sit) + 0.20 * sit,
                0.5 - foot * 0.5 - 0.07 * k.max(0.0) * (1.0 - sit) - (0.02 + 0.05 * k.max(0.0)) * sit,
            );
            let dim = |p: Rgb| times(p, [tone; 3]);
            c.stick(&self.s, hip, ankle, r, dim(leg));
            let tilt = self.s.at(ankle.0, ankle.1, 1.0).turned(-0.5 * k * (1.0 - sit) - 0.9 * sit);
            c.oval(&tilt, foot * 0.35, foot * 0.02, foot, foot * 0.56, dim(shoe));
        }
    }

    /// The arm of the far side, drawn before the body.
    pub fn far_arm(&self, c: &mut Canvas, r: f32, color: Rgb, hand: Rgb) {
        let p = self.pose;
        let a = 0.42 - 0.55 * p.swing + 1.5 * (p.wave - 0.45).max(0.0) * 1.4;
        let (x, y) = (-rig::SHOULDER.0, rig::SHOULDER.1);
        let palm = (x - rig::ARM * a.sin(), y + rig::ARM * a.cos());
        let s = self.trunk();
        c.stick(&s, (x, y), palm, r, color);
        c.disc(&s, palm.0, palm.1, r * 1.25, hand);
    }

    /// The arm of the facing side, drawn after the body.
    pub fn near_arm(&self, c: &mut Canvas, r: f32, color: Rgb, hand: Rgb) {
        let s = self.trunk();
        let (px, py) = rig::palm(self.pose);
        let palm = (px, py - rig::SIT_DROP * self.pose.sit);
        c.stick(&s, rig::SHOULDER, palm, r, color);
        c.disc(&s, palm.0, palm.1, r * 1.25, hand);
    }

    /// One eye of radius `r` at `(x, y)`.
    pub fn eye(&self, c: &mut Canvas, x: f32, y: f32, r: f32) {
        let (s, p) = (self.trunk(), self.pose);
        let open = 1.0 - p.blink.clamp(0.0, 1.0);
        let wide = 1.0 + 0.12 * p.brow.max(0.0);
        let (a, b) = (r * wide, (r * 1.15 * wide * open).max(r * 0.22));
        c.oval(&s, x, y, a, b, mix(INK, [1.0, 1.0, 0.98], (open * 2.5 - 0.6).clamp(0.0, 1.0)));
        if open > 0.25 {
            let (gx, gy) = (p.gaze_x * r * 0.42, p.gaze_y * r * 0.42 * open);
            let k = r * 0.62;
            c.oval(&s, x + gx, y + gy, k, (k * 1.08).min(b), INK);
            if open > 0.6 {
                c.disc(&s, x + gx - k * 0.3, y + gy - k * 0.4, k * 0.34, [1.0; 3]);
            }
        }
    }

    /// Two eyes about `(x, y)`, `gap` apart, and their brows.
    pub fn eyes(&self, c: &mut Canvas, x: f32, y: f32, gap: f32, r: f32) {
        self.eye(c, x - gap / 2.0, y, r);
        self.eye(c, x + gap / 2.0, y, r);
        self.brows(c, x, y - r * 1.1, gap, r);
    }

    /// The brows above eyes at `(x ± gap / 2, y)`.
    pub fn brows(&self, c: &mut Canvas, x: f32, y: f32, gap: f32, r: f32) {
        let p = self.pose;
        let sorrow = (-p.mouth_wide).max(0.0) * p.brow.max(0.0) * 3.0;
        let anger = (-p.brow).max(0.0);
        let seen = (anger + sorrow + (p.brow - 0.2).max(0.0) * 2.0).min(1.0);
        if seen < 0.05 {
            return;
        }
        let lift = y - r * 0.25 - r * 0.75 * p.brow.max(0.0) + r * 0.45 * anger;
        let tilt = r * (0.55 * anger - 0.45 * sorrow.min(1.0));
        let s = self.trunk();
        for side in [-1.0_f32, 1.0] {
            let m = x + side * gap / 2.0;
            let (inner, outer) = ((m - side * r * 0.75, lift + tilt), (m + side * r * 0.8, lift - tilt));
            let (e0, e1) = ((inner.0.min(outer.0), inner.1.min(outer.1)), (inner.0.max(outer.0), inner.1.max(outer.1)));
            let w = r * 0.22;
            let extent = crate::render::canvas::Extent(e0.0 - w, e0.1 - w, e1.0 + w, e1.1 + w);
            let rod = |u: f32, v: f32| crate::render::shapes::rod(u, v, inner, outer, w, w * 0.7);
            c.paint(&s, extent, 0.0, seen, rod, |_, _| INK);
        }
    }

    /// A mouth at `(x, y)` of half width `w`.
    pub fn mouth(&self, c: &mut Canvas, x: f32, y: f32, w: f32) {
        let (s, p) = (self.trunk(), self.pose);
        let half = w * (1.0 + 0.25 * p.mouth_wide.abs()) * (1.0 - 0.45 * p.mouth_round);
        let open = p.mouth_open.clamp(0.0, 1.0);
        if open < 0.12 {
            c.bow(&s, x, y, half, w * 0.62 * p.mouth_wide, w * 0.24, INK);
            return;
        }
        let b = w * (0.22 + 0.85 * open);
        let down = y + b * 0.45;
        c.oval(&s, x, down, half, b, hex(0x6e1f36));
        c.oval(&s, x, down + b * 0.45, half * 0.62, b * 0.42, hex(0xf0707f));
    }

    /// Pink cheeks at ± `gap / 2` of `(x, y)`; stronger on the shy.
    pub fn cheeks(&self, c: &mut Canvas, x: f32, y: f32, gap: f32, r: f32) {
        let (alpha, k) = match self.mood {
            Mood::Shy => (0.95, 1.25),
            Mood::Happy => (0.75, 1.0),
            _ => (0.5, 1.0),
        };
        let s = self.trunk();
        for side in [-1.0_f32, 1.0] {
            c.glow(&s, x + side * gap / 2.0, y, (r * k, r * 0.72 * k), 0.015, self.lit(0xff7d92), alpha);
        }
        if self.mood == Mood::Sad {
            let (tx, ty) = (x + gap * 0.42, y + 0.01);
            c.oval(&s, tx, ty, r * 0.42, r * 0.62, hex(0x6fc4ff));
        }
    }
}
