//! Cat, dog, bear, rabbit, bird, penguin.

use super::body::{Figure, INK};
use crate::render::canvas::Canvas;

pub fn cat(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    let curl = 0.06 * p.swing - 0.08 * p.wave;
    c.stick(&s, (-0.14, 0.32), (-0.38, 0.26), 0.045, f.shade);
    c.stick(&s, (-0.38, 0.26), (-0.44 + curl, -0.02), 0.045, f.main);
    f.far_arm(c, 0.05, f.shade, f.shade);
    f.legs(c, 0.10, 0.30, 0.06, (f.shade, f.shade), 0.085);
    c.ball(&s, 0.0, 0.20, (0.19, 0.21), f.tones());
    c.oval(&s, 0.03, 0.23, 0.11, 0.14, f.pale);
    for k in [-1.0_f32, 1.0] {
        let ear = [(k * 0.17 - 0.10, -0.30), (k * 0.24, -0.52), (k * 0.17 + 0.10, -0.28)];
        c.facet(&s, &ear, 0.02, f.main);
        c.facet(&s, &[(k * 0.18 - 0.05, -0.33), (k * 0.22, -0.46), (k * 0.18 + 0.05, -0.32)], 0.01, f.lit(0xffa3b5));
    }
    c.ball(&s, 0.0, -0.16, (0.30, 0.235), f.tones());
    for u in [-0.05_f32, 0.02, 0.09] {
        c.stick(&s, (u, -0.385), (u, -0.325), 0.016, f.shade);
    }
    c.oval(&s, 0.04, -0.07, 0.14, 0.095, f.pale);
    f.cheeks(c, 0.03, -0.08, 0.42, 0.05);
    f.eyes(c, 0.03, -0.19, 0.23, 0.078);
    c.oval(&s, 0.05, -0.115, 0.028, 0.02, f.lit(0xf06a86));
    f.mouth(c, 0.05, -0.07, 0.06);
    f.near_arm(c, 0.05, f.main, f.pale);
}

pub fn dog(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    c.taper(&s, (-0.14, 0.30), (-0.36, 0.10 - 0.14 * p.wave - 0.05 * p.swing), 0.06, 0.035, f.main);
    f.far_arm(c, 0.055, f.shade, f.shade);
    f.legs(c, 0.11, 0.30, 0.065, (f.shade, f.pale), 0.09);
    c.ball(&s, 0.0, 0.20, (0.205, 0.21), f.tones());
    c.oval(&s, 0.04, 0.24, 0.11, 0.13, f.pale);
    c.oval(&s, 0.01, 0.045, 0.17, 0.04, f.lit(0xe2383f));
    c.ball(&s, 0.0, -0.18, (0.26, 0.26), f.tones());
    let flop = 0.03 * p.swing - 0.10 * p.lift.clamp(0.0, 0.3);
    for k in [-1.0_f32, 1.0] {
        let e = s.at(k * 0.26, -0.30 + flop, 1.0).turned(k * (-0.25 - 0.3 * p.wave.max(0.0) * 0.4));
        c.oval(&e, 0.0, 0.15, 0.085, 0.19, f.shade);
    }
    c.oval(&s, 0.13, -0.21, 0.11, 0.12, f.pale);
    f.cheeks(c, 0.03, -0.06, 0.40, 0.045);
    f.eyes(c, 0.03, -0.23, 0.21, 0.075);
    c.oval(&s, 0.07, -0.07, 0.15, 0.105, f.pale);
    c.oval(&s, 0.09, -0.125, 0.06, 0.042, INK);
    f.mouth(c, 0.08, -0.055, 0.065);
    f.near_arm(c, 0.055, f.main, f.pale);
}

pub fn bear(c: &mut Canvas, f: &Figure<'_>) {
    let s = f.trunk();
    f.far_arm(c, 0.08, f.shade, f.shade);
    f.legs(c, 0.14, 0.30, 0.09, (f.shade, f.shade), 0.10);
    c.ball(&s, 0.0, 0.18, (0.275, 0.255), f.tones());
    c.oval(&s, 0.03, 0.22, 0.17, 0.165, f.pale);
    for k in [-1.0_f32, 1.0] {
        c.disc(&s, k * 0.21, -0.37, 0.105, f.main);
        c.disc(&s, k * 0.21, -0.365, 0.058, f.lit(0xffb3ad));
    }
    c.ball(&s, 0.0, -0.18, (0.29, 0.25), f.tones());
    f.cheeks(c, 0.03, -0.09, 0.44, 0.05);
    f.eyes(c, 0.03, -0.23, 0.23, 0.062);
    c.oval(&s, 0.04, -0.09, 0.15, 0.115, f.pale);
    c.oval(&s, 0.05, -0.145, 0.056, 0.038, INK);
    f.mouth(c, 0.05, -0.075, 0.06);
    f.near_arm(c, 0.08, f.main, f.pale);
}

pub fn rabbit(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    c.disc(&s, -0.18, 0.34, 0.085, f.lit(0xffffff));
    f.far_arm(c, 0.048, f.shade, f.shade);
    f.legs(c, 0.09, 0.32, 0.06, (f.shade, f.pale), 0.10);
    for k in [-1.0_f32, 1.0] {
        let e = s.at(k * 0.11, -0.20, 1.0).turned(k * 0.16 - 0.14 * p.swing - 0.5 * p.squash.max(0.0) * k);
        c.ball(&e, 0.0, -0.24, (0.078, 0.26), f.tones());
        c.oval(&e, 0.0, -0.24, 0.038, 0.19, f.lit(0xffa9bb));
    }
    c.ball(&s, 0.0, 0.23, (0.17, 0.19), f.tones());
    c.oval(&s, 0.03, 0.26, 0.10, 0.125, f.pale);
    c.ball(&s, 0.0, -0.08, (0.25, 0.20), f.tones());
    f.cheeks(c, 0.03, -0.01, 0.38, 0.048);
    f.eyes(c, 0.03, -0.12, 0.21, 0.07);
    c.oval(&s, 0.05, -0.045, 0.028, 0.02, f.lit(0xf06a86));
    c.slab(&s, 0.05, 0.045, 0.028, 0.034, 0.008, [1.0; 3]);
    f.mouth(c, 0.05, -0.005, 0.055);
    f.near_arm(c, 0.048, f.main, f.pale);
}

pub fn bird(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    let orange = f.lit(0xf6992b);
    for (k, d) in [(-0.14_f32, 0.0_f32), (0.0, 0.05), (0.12, 0.09)] {
        c.taper(&s, (-0.14, 0.18), (-0.46 + d, 0.06 + k * 1.2), 0.07, 0.035, f.shade);
    }
    f.legs(c, 0.08, 0.34, 0.026, (orange, orange), 0.075);
    c.ball(&s, 0.0, 0.14, (0.27, 0.25), f.tones());
    c.oval(&s, 0.06, 0.19, 0.17, 0.17, f.pale);
    for (u, v) in [(-0.10, -0.50), (0.0, -0.53), (0.10, -0.49)] {
        c.taper(&s, (0.03, -0.34), (u, v), 0.05, 0.022, f.shade);
    }
    c.ball(&s, 0.04, -0.18, (0.235, 0.22), f.tones());
    f.cheeks(c, 0.06, -0.09, 0.36, 0.045);
    f.eyes(c, 0.06, -0.21, 0.19, 0.072);
    let gape = 0.05 * p.mouth_open;
    c.facet(&s, &[(0.10, -0.13 + gape), (0.28, -0.11 + gape), (0.12, -0.06 + gape * 1.5)], 0.015, f.lit(0xd97718));
    c.facet(&s, &[(0.08, -0.16), (0.16, -0.18), (0.34, -0.11), (0.08, -0.09)], 0.015, orange);
    let a = 0.5 + 2.4 * p.wave + 0.4 * p.swing;
    let w = s.at(-0.06, 0.05, 1.0).turned(-(a - 1.5));
    c.ball(&w, -0.17, 0.05, (0.22, 0.10), (f.shade, f.main));
}

pub fn penguin(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    let orange = f.lit(0xf79a2c);
    f.legs(c, 0.10, 0.38, 0.05, (orange, orange), 0.11);
    let flipper = |c: &mut Canvas, side: f32, a: f32, tones| {
        let w = s.at(side * 0.22, 0.0, 1.0).turned(-side * a);
        c.ball(&w, side * 0.02, 0.15, (0.065, 0.19), tones);
    };
    flipper(c, -1.0, 0.35 + 0.5 * p.swing + 1.1 * (p.wave - 0.45).max(0.0), (f.shade, f.shade));
    c.ball(&s, 0.0, 0.05, (0.28, 0.41), f.tones());
    c.oval(&s, 0.04, 0.17, 0.19, 0.26, f.lit(0xfffdf6));
    c.oval(&s, -0.05, -0.16, 0.13, 0.13, f.lit(0xfffdf6));
    c.oval(&s, 0.13, -0.16, 0.13, 0.13, f.lit(0xfffdf6));
    f.cheeks(c, 0.04, -0.06, 0.34, 0.045);
    f.eyes(c, 0.04, -0.18, 0.19, 0.068);
    let gape = 0.05 * p.mouth_open;
    c.facet(&s, &[(-0.02, -0.08 + gape), (0.12, -0.08 + gape), (0.06, -0.015 + gape * 1.6)], 0.014, f.lit(0xd97718));
    c.facet(&s, &[(-0.05, -0.105), (0.06, -0.13), (0.18, -0.10), (0.06, -0.055)], 0.014, orange);
    flipper(c, 1.0, 0.35 + 2.2 * p.wave - 0.5 * p.swing, (f.main, f.shade));
}
