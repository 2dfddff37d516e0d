//! The room and the classroom: walls, a window through which the time and the weather look in, furniture.

use crate::render::canvas::{Canvas, Extent, Rgb, Space, hex, mix};
use crate::render::shapes::{circle, rounded};
use crate::render::stage::Stage;
use crate::spec::{Time, Weather};

/// A window of half size (`a`, `b`) around the origin of `s`: sky, light in it, weather, a frame.
fn window(c: &mut Canvas, s: &Space, (a, b): (f32, f32), frame: Rgb, stage: &Stage) {
    let l = &stage.light;
    c.slab(s, 0.0, 0.0, a + 0.035, b + 0.035, 0.012, frame);
    let pane = |u: f32, v: f32| rounded(u, v, 0.0, 0.0, a, b, 0.0);
    let e = Extent(-a, -b, a, b);
    c.paint(s, e, 0.0, 1.0, pane, |_, v| l.sky_at((v / b) * 0.3 - 0.12));
    let (orb, at): (Rgb, (f32, f32, f32)) = match l.time {
        Time::Day => (hex(0xffe169), (0.4 * a, -0.45 * b, 0.05)),
        Time::Sunset => (hex(0xffe39a), (-0.3 * a, 0.35 * b, 0.075)),
        Time::Night => (hex(0xfdf6d8), (-0.4 * a, -0.4 * b, 0.045)),
        Time::Dawn => (hex(0xfff3c9), (0.35 * a, 0.4 * b, 0.06)),
    };
    let seen = if l.weather == Weather::Clear { 1.0 } else { 0.45 };
    c.paint(s, e, 0.0, seen, |u, v| circle(u, v, at.0, at.1, at.2).max(pane(u, v)), |_, _| orb);
    c.shape(s, e, l.afar(0x7fbf7a, 0.2), |u, v| pane(u, v).max(0.62 * b + 0.05 * (u * 6.0).sin() - v));
    match l.weather {
        Weather::Rain | Weather::Snow => {
            let rain = l.weather == Weather::Rain;
            for k in 0..8_u8 {
                let x = (f32::from(k) * 0.618).fract() * 2.0 * a - a;
                let fall = (stage.phase + f32::from(k) * 0.382).fract();
                let y = (fall * 2.0 - 1.0) * b;
                let (w, h) = if rain { (0.006, 0.035) } else { (0.013, 0.013) };
                c.paint(s, e, 0.0, 0.9, |u, v| rounded(u, v, x, y, w, h, w).max(pane(u, v)), |_, _| hex(0xf3f9ff));
            }
        }
        Weather::Fog => c.paint(s, e, 0.0, 0.6, pane, |_, _| l.air()),
        Weather::Clear => {}
    }
    c.slab(s, 0.0, 0.0, 0.011, b, 0.0, frame);
    c.slab(s, 0.0, 0.0, a, 0.011, 0.0, frame);
    c.slab(s, 0.0, b + 0.045, a + 0.06, 0.016, 0.008, frame);
}

/// Indoors the light is warmer than outside, and a lamp burns at night.
fn wall(stage: &Stage, color: u32) -> Rgb {
    let l = &stage.light;
    match l.time {
        Time::Night => mix(l.on(color), l.figure(hex(color)), 0.55),
        _ => mix(l.on(color), hex(color), 0.35),
    }
}

pub fn room(c: &mut Canvas, stage: &Stage) {
    let w = |v: u32| wall(stage, v);
    let far = &stage.far;
    let (paper, stripe) = (w(0xf9d9b0), w(0xf4cb9c));
    c.backdrop(|_| paper);
    for k in 0..12 {
        for x in stage.repeats(far, k as f32 * 0.2, 0.06) {
            c.slab(far, x, -0.1, 0.045, 0.7, 0.0, stripe);
        }
    }
    for x in stage.repeats(far, 0.55, 0.35) {
        window(c, &far.at(x, -0.15, 1.0), (0.2, 0.18), w(0xfffaf0), stage);
        for side in [-1.0_f32, 1.0] {
            let s = far.stretched(x + side * 0.245, -0.15, side, 1.0);
            let cloth = |u: f32, v: f32| rounded(u, v, 0.0, 0.0, 0.06 + 0.03 * (v + 0.2).max(0.0), 0.24, 0.02);
            c.two_tone(&s, Extent(-0.1, -0.26, 0.1, 0.26), (w(0xe8736c), w(0xc95a5a)), (0.03 * side, 0.0), cloth);
        }
        c.slab(far, x, -0.395, 0.34, 0.014, 0.014, w(0x9c6a45));
    }
    for x in stage.repeats(far, 1.25, 0.2) {
        // a picture of a sun
        c.slab(far, x, -0.2, 0.12, 0.10, 0.01, w(0x9c6a45));
        c.slab(far, x, -0.2, 0.10, 0.08, 0.0, w(0xbfe3f2));
        c.disc(far, x + 0.02, -0.2, 0.04, w(0xffd04d));
    }
    for x in stage.repeats(far, 1.85, 0.3) {
        shelf(c, &far.at(x, -0.16, 1.0), stage);
    }
    // the skirting and the floor
    c.sheet(&stage.near, w(0xfff6e6), w(0xfff6e6), |_| 0.205);
    c.sheet(&stage.near, w(0xc98a58), w(0xa86e44), |_| 0.235);
    for y in [0.305_f32, 0.40] {
        c.paint(
            &stage.near,
            Extent(-99.0, y - 0.006, 99.0, y + 0.006),
            0.0,
            0.5,
            |_, v| (v - y).abs() - 0.006,
            |_, _| w(0x8f5a38),
        );
    }
    for x in stage.repeats(&stage.near, 1.2, 0.6) {
        c.oval(&stage.near, x, 0.40, 0.52, 0.085, w(0xd95f6c));
        c.oval(&stage.near, x, 0.40, 0.43, 0.066, w(0xf2a6a0));
        c.oval(&stage.near, x, 0.40, 0.34, 0.050, w(0xd95f6c));
    }
    for x in stage.repeats(&stage.near, 0.1, 0.25) {
        lamp(c, &stage.near.at(x, 0.30, 0.62), stage);
    }
}

fn shelf(c: &mut Canvas, s: &Space, stage: &Stage) {
    let w = |v: u32| wall(stage, v);
    let colors = [0xe2525c, 0x4f9fe8, 0xf2c14e, 0x5fae62, 0xb07fe0, 0xf58f5c];
    for (row, y) in [0.0_f32, 0.17].into_iter().enumerate() {
        c.slab(s, 0.0, y, 0.24, 0.013, 0.006, w(0x9c6a45));
        for k in 0..5_usize {
            let (x, h) = (-0.17 + 0.065 * k as f32, 0.045 + 0.008 * ((k * 2 + row) % 3) as f32);
            c.slab(s, x, y - 0.013 - h, 0.025, h, 0.006, w(colors[(k + row * 2) % 6]));
        }
    }
}

fn lamp(c: &mut Canvas, s: &Space, stage: &Stage) {
    let w = |v: u32| wall(stage, v);
    c.oval(s, 0.0, 0.0, 0.13, 0.03, w(0x6b5a5a));
    c.stick(s, (0.0, 0.0), (0.0, -0.7), 0.02, w(0x6b5a5a));
    let shade = if stage.light.lamps() { hex(0xffe39a) } else { w(0xf7edc9) };
    if stage.light.lamps() {
        c.glow(s, 0.0, -0.75, (0.38, 0.38), 0.4, hex(0xffd98a), 0.38);
    }
    c.facet(s, &[(-0.09, -0.95), (0.09, -0.95), (0.19, -0.65), (-0.19, -0.65)], 0.015, shade);
}

pub fn classroom(c: &mut Canvas, stage: &Stage) {
    let w = |v: u32| wall(stage, v);
    let far = &stage.far;
    let (upper, lower) = (w(0xdff0dc), w(0xbfdcc4));
    c.backdrop(|_| upper);
    c.paint(far, Extent(-99.0, 0.06, 99.0, 0.3), 0.0, 1.0, |_, v| 0.07 - v, |_, _| lower);
    for x in stage.repeats(far, 0.6, 0.55) {
        c.slab(far, x, -0.16, 0.46, 0.215, 0.012, w(0xa87448));
        c.slab(far, x, -0.16, 0.435, 0.19, 0.004, w(0x3f7a62));
        let chalk = w(0xf4fbf2);
        // a house, a sun and a sum
        c.stick(far, (x - 0.33, -0.06), (x - 0.33, -0.17), 0.008, chalk);
        c.stick(far, (x - 0.15, -0.06), (x - 0.15, -0.17), 0.008, chalk);
        c.stick(far, (x - 0.33, -0.06), (x - 0.15, -0.06), 0.008, chalk);
        c.stick(far, (x - 0.35, -0.16), (x - 0.24, -0.27), 0.008, chalk);
        c.stick(far, (x - 0.13, -0.16), (x - 0.24, -0.27), 0.008, chalk);
        c.disc(far, x + 0.02, -0.24, 0.038, w(0xffe08a));
        for (k, y) in [-0.25_f32, -0.17, -0.09].into_iter().enumerate() {
            let end = 0.34 - 0.05 * (k % 2) as f32;
            c.stick(far, (x + 0.16, y), (x + end, y), 0.010, chalk);
        }
        c.slab(far, x, 0.065, 0.46, 0.014, 0.006, w(0xa87448));
    }
    for x in stage.repeats(far, 1.45, 0.3) {
        window(c, &far.at(x, -0.16, 1.0), (0.19, 0.18), w(0xffffff), stage);
    }
    for x in stage.repeats(far, 2.0, 0.2) {
        // the clock and a row of flags
        c.disc(far, x, -0.25, 0.10, w(0xe2525c));
        c.disc(far, x, -0.25, 0.08, w(0xffffff));
        c.stick(far, (x, -0.25), (x, -0.30), 0.010, w(0x3a3f55));
        c.stick(far, (x, -0.25), (x + 0.038, -0.235), 0.010, w(0x3a3f55));
        for (k, color) in [0xf2c14e_u32, 0x4f9fe8, 0xe2525c].into_iter().enumerate() {
            let u = x - 0.12 + 0.12 * k as f32;
            c.facet(far, &[(u - 0.05, -0.08), (u + 0.05, -0.08), (u, 0.0)], 0.006, w(color));
        }
    }
    c.sheet(&stage.near, w(0xf7e2b8), w(0xdcb985), |_| 0.235);
    for k in 0..6 {
        for x in stage.repeats(&stage.near, k as f32 * 0.4, 0.1) {
            c.stick(&stage.near, (x, 0.245), (x - 0.08, 0.52), 0.005, w(0xcba671));
        }
    }
    for x in [0.3_f32, 1.5] {
        for x in stage.repeats(&stage.mid, x, 0.25) {
            let s = stage.mid.at(x, 0.30, 0.28);
            c.stick(&s, (-0.5, -0.55), (-0.55, 0.0), 0.04, w(0x7d8aa0));
            c.stick(&s, (0.5, -0.55), (0.55, 0.0), 0.04, w(0x7d8aa0));
            c.slab(&s, 0.0, -0.60, 0.68, 0.07, 0.03, w(0xe9a15c));
            c.slab(&s, -0.25, -0.74, 0.2, 0.07, 0.02, w(0x4f9fe8));
            c.slab(&s, -0.22, -0.86, 0.17, 0.05, 0.02, w(0xe2525c));
            c.disc(&s, 0.32, -0.77, 0.11, w(0xe0453f));
        }
    }
}
