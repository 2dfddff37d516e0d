//! What falls and drifts. The lattice: columns `k` of world x at `0.2 k`, one particle a column and period, that falls one
//! period (`FALL`) of height a cycle of the phase; column `k` begins at the fraction `0.25 × (3 k mod 4)` of it.

use super::canvas::{Canvas, Extent, hex, mix};
use super::shapes::{circle, rod};
use super::stage::{Stage, roll};
use crate::spec::{Place, Weather};

const COLUMN: f32 = 0.2;
const FALL: f32 = 0.5;

/// Between the background and the characters: haze.
pub fn behind(c: &mut Canvas, stage: &Stage, place: Place) {
    let indoors = matches!(place, Place::Room | Place::Classroom);
    if stage.light.weather == Weather::Fog {
        let k = if indoors { 0.25 } else { 1.0 };
        c.veil(stage.light.air(), |y| k * (0.62 - 0.75 * (y - 0.08).abs()).clamp(0.18, 0.55));
    }
}

/// Over everything: drops, flakes, banks of fog. Indoors only the window shows them.
pub fn front(c: &mut Canvas, stage: &Stage, place: Place) {
    if matches!(place, Place::Room | Place::Classroom) {
        return;
    }
    match stage.light.weather {
        Weather::Clear => {}
        Weather::Rain => fall(c, stage, 0.55, (0.030, 0.095), hex(0xe3f1ff), 0.0085),
        Weather::Snow => fall(c, stage, 0.92, (0.0, 0.0), [1.0; 3], 0.0165),
        Weather::Fog => {
            let air = mix(stage.light.air(), [1.0; 3], 0.1);
            let drift = stage.phase;
            for (y, h, shift) in [(0.20_f32, 0.05_f32, 0.0_f32), (0.38, 0.06, 0.5)] {
                c.paint(
                    &stage.world,
                    Extent(-9.0, y - 0.2, 9.0, y + 0.2),
                    0.11,
                    0.38,
                    |u, v| (v - y - 0.03 * roll(u, 2.0, std::f32::consts::TAU * (drift + shift))).abs() - h,
                    |_, _| air,
                );
            }
        }
    }
}

fn fall(c: &mut Canvas, stage: &Stage, alpha: f32, (lean, length): (f32, f32), color: [f32; 3], r: f32) {
    let s = &stage.world;
    let half = (c.half_width() + 0.2) * s.unit();
    let (middle, top) = s.of(0.0, -0.6);
    let bottom = s.of(0.0, 0.6).1;
    let (first, last) = (((middle - half) / COLUMN).floor() as i32, ((middle + half) / COLUMN).ceil() as i32);
    for k in first..=last {
        let begin = 0.25 * (3 * k).rem_euclid(4) as f32;
        let mut y = FALL * (begin + stage.phase) + FALL * ((top / FALL).floor() - 1.0);
        while y < bottom + 0.1 {
            let sway = if length == 0.0 { 0.035 * (y * std::f32::consts::TAU * 2.0).sin() } else { -lean * y / 0.5 };
            let x = k as f32 * COLUMN + sway;
            let (p, q) = ((x, y), (x + lean, y - length));
            let e = Extent(x - r, y - length - r, x + lean + r, y + r);
            if length > 0.0 {
                c.paint(s, e, 0.0, alpha, |u, v| rod(u, v, p, q, r, r * 0.6), |_, _| color);
            } else {
                c.paint(s, e, 0.0, alpha, |u, v| circle(u, v, x, y, r), |_, _| color);
            }
            y += FALL;
        }
    }
}
