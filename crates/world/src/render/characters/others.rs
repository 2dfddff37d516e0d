//! Robot, fish, ghost, dragon, girl, boy.

use super::body::{Figure, INK};
use crate::render::canvas::{Canvas, Extent, Rgb, Space, hex, mix};
use crate::render::shapes::{circle, ellipse, polygon, rounded};

pub fn robot(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    let steel = f.lit(0x5b6478);
    f.far_arm(c, 0.042, steel, f.shade);
    f.legs(c, 0.11, 0.30, 0.05, (steel, f.shade), 0.10);
    c.two_tone(&s, Extent::around(0.0, 0.19, 0.22, 0.19), f.tones(), (-0.05, -0.04), |u, v| {
        rounded(u, v, 0.0, 0.19, 0.22, 0.19, 0.05)
    });
    c.slab(&s, 0.03, 0.20, 0.12, 0.09, 0.03, f.pale);
    c.disc(&s, -0.02, 0.20, 0.032, f.lit(0xff5f5f));
    c.disc(&s, 0.08, 0.20, 0.032, f.lit(0x5fd07a));
    c.stick(&s, (0.0, -0.36), (0.0, -0.46), 0.022, steel);
    c.disc(&s, 0.0, -0.475, 0.055, hex(0xffc23d));
    c.slab(&s, -0.29, -0.17, 0.05, 0.07, 0.02, steel);
    c.slab(&s, 0.29, -0.17, 0.05, 0.07, 0.02, steel);
    c.two_tone(&s, Extent::around(0.0, -0.17, 0.28, 0.205), f.tones(), (-0.05, -0.04), |u, v| {
        rounded(u, v, 0.0, -0.17, 0.28, 0.205, 0.07)
    });
    c.slab(&s, 0.02, -0.17, 0.22, 0.15, 0.06, hex(0x22293f));
    let open = 1.0 - p.blink.clamp(0.0, 1.0);
    for side in [-1.0_f32, 1.0] {
        let (x, y) = (0.03 + side * 0.095 + 0.03 * p.gaze_x, -0.20 + 0.03 * p.gaze_y);
        let b = (0.062 * open * (1.0 + 0.25 * p.brow.max(0.0))).max(0.014);
        c.oval(&s, x, y, 0.05, b, hex(0x74ffe3));
        if open > 0.6 {
            c.disc(&s, x - 0.014, y - 0.018, 0.015, [1.0; 3]);
        }
    }
    f.brows(c, 0.03, -0.265, 0.19, 0.055);
    let (w, b) = (0.07 * (1.0 - 0.4 * p.mouth_round), 0.012 + 0.035 * p.mouth_open);
    if p.mouth_open < 0.12 {
        c.bow(&s, 0.03, -0.085, 0.065, 0.04 * p.mouth_wide, 0.014, hex(0x74ffe3));
    } else {
        c.oval(&s, 0.03, -0.08, w, b, hex(0x74ffe3));
    }
    f.near_arm(c, 0.042, steel, f.main);
}

pub fn fish(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    let beat = 0.10 * p.swing + 0.05 * (p.wave - 0.3);
    c.taper(&s, (-0.26, 0.08), (-0.52, -0.16 + beat), 0.06, 0.10, f.shade);
    c.taper(&s, (-0.26, 0.08), (-0.52, 0.32 + beat), 0.06, 0.10, f.shade);
    c.facet(&s, &[(-0.16, -0.10), (-0.12, -0.42), (0.16, -0.20)], 0.03, f.shade);
    c.facet(&s, &[(-0.05, 0.30), (0.12, 0.30), (-0.08, 0.47)], 0.03, f.shade);
    c.ball(&s, 0.03, 0.05, (0.38, 0.31), f.tones());
    c.oval(&s, 0.10, 0.15, 0.26, 0.17, f.pale);
    let band = |x: f32| {
        move |u: f32, v: f32| {
            ellipse(u, v, 0.03, 0.05, 0.38, 0.31).max((u - x + 0.25 * (v - 0.05) * (v - 0.05)).abs() - 0.035)
        }
    };
    c.shape(&s, Extent(-0.35, -0.28, 0.1, 0.38), f.pale, band(-0.06));
    c.shape(&s, Extent(-0.4, -0.28, 0.0, 0.38), f.pale, band(-0.20));
    f.cheeks(c, 0.20, 0.11, 0.24, 0.042);
    f.eyes(c, 0.19, -0.04, 0.19, 0.085);
    f.mouth(c, 0.23, 0.13, 0.055);
    let fin = s.at(-0.04, 0.12, 1.0).turned(0.7 - 2.2 * p.wave - 0.4 * p.swing);
    c.ball(&fin, -0.08, 0.08, (0.13, 0.085), (f.shade, f.main));
}

pub fn ghost(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    f.far_arm(c, 0.075, f.shade, f.shade);
    let shape = |u: f32, v: f32| {
        let hem = 0.44 + 0.045 * (u * 17.0 + 2.5 * p.swing).sin();
        circle(u, v, 0.0, -0.14, 0.31).min((u.abs() - 0.31 - 0.05 * (v + 0.14).max(0.0)).max(-0.14 - v)).max(v - hem)
    };
    c.two_tone(
        &s,
        Extent(-0.36, -0.47, 0.36, 0.5),
        (mix(f.main, f.pale, 0.35), mix(f.main, f.shade, 0.3)),
        (-0.09, -0.02),
        shape,
    );
    f.cheeks(c, 0.03, -0.02, 0.42, 0.055);
    let open = 1.0 - p.blink.clamp(0.0, 1.0);
    for side in [-1.0_f32, 1.0] {
        let (x, y) = (0.03 + side * 0.115 + 0.025 * p.gaze_x, -0.16 + 0.025 * p.gaze_y);
        let b = (0.105 * open * (1.0 + 0.15 * p.brow.max(0.0))).max(0.016);
        c.oval(&s, x, y, 0.068, b, INK);
        if open > 0.5 {
            c.disc(&s, x - 0.02 + 0.02 * p.gaze_x, y - 0.035, 0.026, [1.0; 3]);
        }
    }
    f.brows(c, 0.03, -0.29, 0.24, 0.07);
    f.mouth(c, 0.03, 0.025, 0.06);
    f.near_arm(c, 0.075, mix(f.main, f.pale, 0.2), f.main);
}

pub fn dragon(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    let horn = f.lit(0xfff0c9);
    let wing = s.at(-0.10, 0.04, 1.0).turned(0.5 - 1.5 * p.wave);
    let sail = |u: f32, v: f32| {
        polygon(u, v, &[(0.0, -0.04), (-0.12, -0.30), (-0.46, -0.22), (-0.34, 0.10), (0.0, 0.10)]) - 0.02
    };
    c.two_tone(&wing, Extent(-0.5, -0.34, 0.05, 0.14), (f.pale, f.shade), (0.02, 0.06), sail);
    c.taper(&s, (-0.10, 0.36), (-0.40, 0.36), 0.10, 0.05, f.shade);
    let tip = (-0.50, 0.22 + 0.06 * p.swing);
    c.taper(&s, (-0.40, 0.36), tip, 0.05, 0.035, f.shade);
    c.facet(
        &s,
        &[(tip.0 - 0.02, tip.1 - 0.12), (tip.0 + 0.08, tip.1 + 0.03), (tip.0 - 0.10, tip.1 + 0.03)],
        0.015,
        horn,
    );
    f.far_arm(c, 0.052, f.shade, f.shade);
    f.legs(c, 0.11, 0.30, 0.075, (f.shade, f.shade), 0.095);
    c.ball(&s, 0.0, 0.19, (0.21, 0.23), f.tones());
    c.oval(&s, 0.06, 0.22, 0.125, 0.175, f.pale);
    for v in [0.14_f32, 0.22, 0.30] {
        c.bow(&s, 0.06, v, 0.09, 0.015, 0.011, mix(f.pale, f.shade, 0.45));
    }
    for (u, v) in [(-0.20, -0.34), (-0.27, -0.20), (-0.27, -0.05)] {
        c.facet(&s, &[(u - 0.09, v - 0.03), (u + 0.06, v - 0.05), (u + 0.05, v + 0.07)], 0.012, horn);
    }
    for u in [-0.10_f32, 0.10] {
        c.taper(&s, (u, -0.34), (u - 0.05, -0.50), 0.045, 0.016, horn);
    }
    c.ball(&s, 0.0, -0.18, (0.26, 0.22), f.tones());
    c.ball(&s, 0.15, -0.09, (0.19, 0.125), f.tones());
    c.disc(&s, 0.25, -0.14, 0.017, f.shade);
    c.disc(&s, 0.17, -0.15, 0.017, f.shade);
    f.cheeks(c, 0.04, -0.07, 0.36, 0.042);
    f.eyes(c, 0.04, -0.24, 0.20, 0.078);
    f.mouth(c, 0.17, -0.065, 0.075);
    f.near_arm(c, 0.052, f.main, f.main);
}

fn face(c: &mut Canvas, f: &Figure<'_>, s: &Space, skin: (Rgb, Rgb)) {
    c.ball(s, 0.0, -0.17, (0.255, 0.24), skin);
    f.cheeks(c, 0.03, -0.09, 0.36, 0.048);
    f.eyes(c, 0.03, -0.17, 0.21, 0.072);
    f.mouth(c, 0.03, -0.04, 0.06);
}

pub fn girl(c: &mut Canvas, f: &Figure<'_>) {
    let (s, p) = (f.trunk(), f.pose);
    let skin = (f.lit(0xffd7b5), f.lit(0xf0b78e));
    let (hair, bow) = (f.lit(0x7a4428), f.main);
    let bounce = 0.05 * p.swing + 0.12 * p.squash;
    for k in [-1.0_f32, 1.0] {
        c.taper(&s, (k * 0.25, -0.26), (k * 0.41, -0.02 - bounce * k.abs()), 0.075, 0.055, hair);
        c.disc(&s, k * 0.41, -0.03 - bounce, 0.075, hair);
        c.disc(&s, k * 0.27, -0.26, 0.062, bow);
    }
    c.oval(&s, 0.0, -0.21, 0.285, 0.265, hair);
    f.far_arm(c, 0.045, skin.1, skin.0);
    f.legs(c, 0.08, 0.34, 0.045, (skin.1, f.lit(0x5a3a4a)), 0.085);
    let dress = |u: f32, v: f32| polygon(u, v, &[(-0.11, 0.04), (0.11, 0.04), (0.25, 0.37), (-0.25, 0.37)]) - 0.03;
    c.two_tone(&s, Extent(-0.29, 0.0, 0.29, 0.41), f.tones(), (-0.07, 0.0), dress);
    c.shape(&s, Extent(-0.29, 0.32, 0.29, 0.41), f.pale, |u, v| dress(u, v).max(0.345 - v));
    face(c, f, &s, skin);
    let fringe = |u: f32, v: f32| ellipse(u, v, 0.0, -0.20, 0.27, 0.26).max(-ellipse(u, v, 0.05, -0.06, 0.25, 0.235));
    c.shape(&s, Extent(-0.3, -0.48, 0.3, 0.02), hair, fringe);
    f.near_arm(c, 0.045, f.main, skin.0);
}

pub fn boy(c: &mut Canvas, f: &Figure<'_>) {
    let s = f.trunk();
    let skin = (f.lit(0xf6c79c), f.lit(0xdfa273));
    let (hair, trousers) = (f.lit(0x3d2a2a), f.lit(0x38466b));
    f.far_arm(c, 0.05, skin.1, skin.0);
    f.legs(c, 0.09, 0.30, 0.062, (trousers, f.lit(0xf4f0ea)), 0.095);
    c.slab(&s, 0.0, 0.29, 0.165, 0.08, 0.04, trousers);
    c.two_tone(&s, Extent::around(0.0, 0.15, 0.185, 0.15), f.tones(), (-0.05, -0.02), |u, v| {
        rounded(u, v, 0.0, 0.15, 0.185, 0.15, 0.07)
    });
    c.shape(&s, Extent::around(0.0, 0.17, 0.185, 0.03), f.pale, |u, v| rounded(u, v, 0.0, 0.17, 0.185, 0.028, 0.0));
    c.disc(&s, -0.245, -0.15, 0.06, skin.1);
    c.oval(&s, -0.03, -0.20, 0.265, 0.235, hair);
    face(c, f, &s, skin);
    // the cap and its peak on the facing side
    let cap = |u: f32, v: f32| ellipse(u, v, -0.01, -0.26, 0.275, 0.21).max(v + 0.27);
    c.two_tone(&s, Extent(-0.3, -0.49, 0.3, -0.25), f.tones(), (-0.06, 0.0), cap);
    c.taper(&s, (0.10, -0.285), (0.40, -0.265), 0.035, 0.028, f.shade);
    c.disc(&s, -0.01, -0.475, 0.028, f.pale);
    f.near_arm(c, 0.05, f.main, skin.0);
}
