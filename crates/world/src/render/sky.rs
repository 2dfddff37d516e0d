//! Sun, moon, stars and clouds.

use super::canvas::{Canvas, Extent, Rgb, hex, mix};
use super::shapes::circle;
use super::stage::Stage;
use crate::spec::{Time, Weather};

/// Where sun or moon stands in the frame.
fn place_of(time: Time) -> (f32, f32, f32) {
    match time {
        Time::Day => (0.46, -0.31, 0.085),
        Time::Sunset => (-0.40, -0.02, 0.135),
        Time::Night => (-0.44, -0.30, 0.080),
        Time::Dawn => (0.42, -0.03, 0.105),
    }
}

/// The open sky with its lights.
pub fn draw(c: &mut Canvas, stage: &Stage) {
    let (light, s) = (&stage.light, &stage.sky);
    c.backdrop(|y| light.sky_at(s.of(0.0, y).1));
    let seen = match light.weather {
        Weather::Clear => 1.0,
        Weather::Snow => 0.55,
        Weather::Rain => 0.35,
        Weather::Fog => 0.45,
    };
    let (x, y, r) = place_of(light.time);
    if light.dark() {
        stars(c, stage, seen);
        c.glow(s, x, y, (r * 1.9, r * 1.9), 0.10, hex(0xc9d4ff), 0.28 * seen);
        let (moon, dent) = (hex(0xfdf6d8), hex(0xe2d9b4));
        let bite = (x + 0.035, y - 0.02, r * 0.92);
        c.paint(
            s,
            Extent::around(x, y, r, r),
            0.0,
            seen,
            |u, v| circle(u, v, x, y, r).max(-circle(u, v, bite.0, bite.1, bite.2) - 0.012),
            |u, v| {
                if circle(u, v, x - 0.04, y + 0.03, 0.016) < 0.0 { dent } else { moon }
            },
        );
        return;
    }
    let (core, halo): (Rgb, Rgb) = match light.time {
        Time::Sunset => (hex(0xffdf8a), hex(0xff9d5c)),
        Time::Dawn => (hex(0xfff3c9), hex(0xffd0c4)),
        _ => (hex(0xffe169), hex(0xfff3b8)),
    };
    c.glow(s, x, y, (r * 2.0, r * 2.0), 0.16, halo, 0.35 * seen);
    c.glow(s, x, y, (r * 1.35, r * 1.35), 0.02, halo, 0.45 * seen);
    c.paint(
        s,
        Extent::around(x, y, r, r),
        0.0,
        seen,
        |u, v| circle(u, v, x, y, r),
        |_, v| mix(mix(core, [1.0; 3], 0.25), core, ((v - y) / r * 0.5 + 0.5).clamp(0.0, 1.0)),
    );
}

/// Stars on a jittered lattice, brighter and dimmer with the phase.
pub fn stars(c: &mut Canvas, stage: &Stage, seen: f32) {
    for i in 0..26_u32 {
        let (a, b) = (i * 37 % 29, i * 53 % 23);
        let (x, y) = (a as f32 / 29.0 * 1.9 - 0.95, b as f32 / 23.0 * 0.62 - 0.49);
        let r = 0.007 + 0.005 * (i % 3) as f32 / 2.0;
        let alpha = seen * (0.75 + 0.25 * stage.beat(i as f32 * 0.25));
        c.glow(&stage.sky, x, y, (r, r), 0.0, hex(0xfff8dc), alpha);
    }
}

/// Paper clouds of the far layer.
pub fn clouds(c: &mut Canvas, stage: &Stage, low: f32) {
    let light = &stage.light;
    let (white, under) = match light.time {
        Time::Day => (hex(0xffffff), hex(0xdcecf7)),
        Time::Sunset => (hex(0xffc9a8), hex(0xe08a8a)),
        Time::Night => (hex(0x54609f), hex(0x3c4685)),
        Time::Dawn => (hex(0xfff3ee), hex(0xf2c9d4)),
    };
    let heavy = !matches!(light.weather, Weather::Clear);
    let gray = mix(light.air(), hex(0x7d8794), if light.weather == Weather::Rain { 0.35 } else { 0.0 });
    let (white, under) = if heavy {
        (mix(white, gray, 0.6), mix(under, mix(gray, [0.2, 0.25, 0.35], 0.2), 0.6))
    } else {
        (white, under)
    };
    for (x, y, k) in [(0.15, -0.36, 1.0), (0.95, -0.27, 0.72), (1.75, -0.38, 0.88)] {
        let reach = 0.3;
        for x in stage.repeats(&stage.far, x, reach) {
            let s = stage.far.at(x, y + low, 0.2 * k * if heavy { 1.35 } else { 1.0 });
            let sheet = |u: f32, v: f32| {
                let puffs = circle(u, v, -0.55, 0.05, 0.32)
                    .min(circle(u, v, 0.0, -0.14, 0.46))
                    .min(circle(u, v, 0.55, 0.03, 0.34));
                puffs.min((u.abs() - 0.6).max(v.abs() - 0.36)).max(v - 0.30)
            };
            c.two_tone(&s, Extent(-0.95, -0.65, 0.95, 0.35), (white, under), (0.0, -0.12), sheet);
        }
    }
}
