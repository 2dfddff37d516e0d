//! Beach, snow, desert, moon and the bottom of the sea.

use crate::render::canvas::{Canvas, Extent, Space, hex, mix};
use crate::render::places::country::fir;
use crate::render::shapes::{ellipse, polygon, rod};
use crate::render::sky;
use crate::render::stage::{Stage, roll};
use crate::spec::Time;

pub fn beach(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    sky::draw(c, stage);
    sky::clouds(c, stage, 0.0);
    for x in stage.repeats(&stage.far, 1.55, 0.35) {
        let s = stage.far.at(x, 0.02, 0.3);
        c.shape(&s, Extent(-1.0, -0.5, 1.0, 0.1), l.afar(0x6aa27a, 0.35), |u, v| {
            ellipse(u, v, -0.25, 0.0, 0.55, 0.42).min(ellipse(u, v, 0.4, 0.0, 0.42, 0.24))
        });
    }
    c.sheet(&stage.far, l.afar(0x3fa7da, 0.18), l.on(0x2f8fc9), |_| 0.01);
    // the sun's or the moon's path on the water
    let (x, color) = match l.time {
        Time::Day => (0.46, hex(0xe9fbff)),
        Time::Sunset => (-0.40, hex(0xffd98f)),
        Time::Night => (-0.44, hex(0xdfe6ff)),
        Time::Dawn => (0.42, hex(0xfff0d6)),
    };
    for k in 0..4_u8 {
        let y = 0.033 + 0.03 * f32::from(k);
        let w = 0.05 + 0.028 * f32::from(k) + 0.016 * stage.beat(0.37 * f32::from(k));
        c.paint(
            &stage.sky,
            Extent::around(x, y, w, 0.008),
            0.0,
            0.75,
            |u, v| ellipse(u, v, x, y, w, 0.008),
            |_, _| color,
        );
    }
    for x in stage.repeats(&stage.far, 0.7, 0.15) {
        sail(c, &stage.far.at(x, 0.045 + 0.004 * stage.beat(0.0), 0.15), stage);
    }
    let tide = 0.006 * stage.beat(0.2);
    c.sheet(&stage.mid, l.on(0x5cc3e2), l.on(0x6fd0e4), |x| 0.115 + 0.008 * roll(x, 8.0, 0.0) + tide * 0.5);
    c.sheet(&stage.near, l.on(0xf7fbf6), l.on(0xf7fbf6), |x| {
        0.185 + 0.016 * roll(x, 3.0, 1.0) + 0.006 * roll(x, 7.0, 0.0) + tide
    });
    c.sheet(&stage.near, l.on(0xf6dca4), l.on(0xe3bb78), |x| {
        0.212 + 0.016 * roll(x, 3.0, 1.0) + 0.006 * roll(x, 7.0, 0.0) + tide * 0.4
    });
    for x in [0.25_f32, 1.65] {
        for x in stage.repeats(&stage.near, x, 0.4) {
            palm(c, &stage.near.at(x, 0.30, 0.62), stage);
        }
    }
    for (x, y, color) in [(0.75, 0.44, 0xff8f7a), (1.3, 0.46, 0xf7b6d0), (2.05, 0.43, 0xfff3e2)] {
        for x in stage.repeats(&stage.near, x, 0.05) {
            c.ball(&stage.near, x, y, (0.026, 0.020), (l.on(color), mix(l.on(color), [0.3, 0.2, 0.3], 0.25)));
        }
    }
}

fn sail(c: &mut Canvas, s: &Space, stage: &Stage) {
    let l = &stage.light;
    c.facet(s, &[(0.03, -0.95), (0.42, -0.22), (0.03, -0.22)], 0.0, l.on(0xffffff));
    c.facet(s, &[(-0.04, -0.8), (-0.04, -0.22), (-0.34, -0.22)], 0.0, l.on(0xf0695f));
    c.facet(s, &[(-0.42, -0.15), (0.48, -0.15), (0.3, 0.06), (-0.28, 0.06)], 0.02, l.on(0x8a5a44));
}

fn palm(c: &mut Canvas, s: &Space, stage: &Stage) {
    let l = &stage.light;
    let (bark, leaf, dark) = (l.on(0xa9774a), l.on(0x49ad57), l.on(0x2f8a4a));
    c.taper(s, (0.0, 0.0), (0.06, -0.38), 0.055, 0.042, bark);
    c.taper(s, (0.06, -0.38), (0.18, -0.78), 0.042, 0.034, bark);
    let sway = 0.02 * stage.beat(0.1);
    for (i, (du, dv)) in
        [(-0.36, 0.06), (0.34, 0.10), (-0.27, -0.17), (0.28, -0.15), (0.02, -0.24)].into_iter().enumerate()
    {
        let middle = (0.18 + du * 0.55, -0.80 + dv - 0.10);
        let tip = (0.18 + du + sway, -0.78 + dv + 0.06);
        let color = if i % 2 == 0 { leaf } else { dark };
        let extent = Extent(-0.3, -1.2, 0.66, -0.5);
        c.shape(s, extent, color, |u, v| {
            rod(u, v, (0.18, -0.79), middle, 0.035, 0.058).min(rod(u, v, middle, tip, 0.058, 0.012))
        });
    }
    c.disc(s, 0.15, -0.74, 0.042, l.on(0x7a4a30));
    c.disc(s, 0.22, -0.735, 0.042, l.on(0x8a5638));
}

pub fn snow(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    sky::draw(c, stage);
    sky::clouds(c, stage, -0.02);
    for (x, w, h) in [(0.25, 0.52, 0.46), (0.95, 0.46, 0.36), (1.6, 0.56, 0.50), (2.15, 0.42, 0.32)] {
        for x in stage.repeats(&stage.far, x, 0.6) {
            let s = stage.far.at(x, 0.2, 1.0);
            let peak = move |u: f32, v: f32| polygon(u, v, &[(0.0, -h), (w, 0.0), (-w, 0.0)]);
            c.shape(&s, Extent(-w, -h, w, 0.0), l.afar(0x8ea3cf, 0.30), peak);
            c.shape(&s, Extent(0.0, -h, w, 0.0), l.afar(0x7489b8, 0.25), |u, v| peak(u, v).max(-u + 0.12 * (v + h)));
            // the cap ends in a zigzag
            c.shape(&s, Extent(-w, -h, w, -h * 0.4), l.afar(0xffffff, 0.06), |u, v| {
                peak(u, v).max(v + h * 0.64 - 0.035 * ((u * 9.0).fract().abs() - 0.5).abs() * 4.0)
            });
        }
    }
    for (i, x) in [0.05_f32, 0.5, 0.72, 1.2, 1.45, 1.95, 2.2].into_iter().enumerate() {
        for x in stage.repeats(&stage.mid, x, 0.2) {
            let s = stage.mid.at(x, 0.22, 0.24 + 0.06 * (i % 3) as f32);
            fir(c, &s, (l.on(0x4f8f86), l.on(0x386f70)), l.on(0x6b4d3a));
            c.facet(&s, &[(0.0, -1.0), (0.12, -0.72), (0.0, -0.76), (-0.12, -0.72)], 0.01, l.on(0xffffff));
            c.stick(&s, (-0.16, -0.42), (0.12, -0.46), 0.035, l.on(0xffffff));
        }
    }
    c.sheet(&stage.mid, l.afar(0xf4f8ff, 0.05), l.on(0xd3e2f5), |x| {
        0.185 + 0.03 * roll(x, 1.0, 0.5) + 0.012 * roll(x, 3.0, 0.0)
    });
    c.sheet(&stage.near, l.on(0xffffff), l.on(0xcfdff2), |x| 0.275 + 0.02 * roll(x, 2.0, 2.0));
    for (x, y) in [(0.3, 0.40), (1.0, 0.45), (1.7, 0.39), (2.2, 0.46)] {
        for x in stage.repeats(&stage.near, x, 0.15) {
            c.oval(&stage.near, x, y, 0.11, 0.012, l.on(0xdce8f7));
        }
    }
}

pub fn desert(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    sky::draw(c, stage);
    for (x, w, h, t) in [(0.4, 0.26, 0.26, 0.19), (0.72, 0.15, 0.17, 0.10), (1.8, 0.3, 0.31, 0.22)] {
        for x in stage.repeats(&stage.far, x, 0.4) {
            let s = stage.far.at(x, 0.16, 1.0);
            c.facet(&s, &[(-t, -h), (t, -h), (w, 0.0), (-w, 0.0)], 0.012, l.afar(0xd9805a, 0.22));
            c.facet(&s, &[(t * 0.5, -h), (t, -h), (w, 0.0), (w * 0.5, 0.0)], 0.012, l.afar(0xbd6749, 0.22));
            c.facet(
                &s,
                &[(-t * 1.06, -h * 0.72), (t * 1.06, -h * 0.72), (t * 1.13, -h * 0.56), (-t * 1.13, -h * 0.56)],
                0.0,
                l.afar(0xf0a678, 0.22),
            );
        }
    }
    c.sheet(&stage.far, l.afar(0xf5cf8a, 0.2), l.afar(0xe9b971, 0.1), |x| 0.13 + 0.04 * roll(x, 2.0, 0.0));
    c.sheet(&stage.mid, l.on(0xf3c478), l.on(0xe2a65c), |x| {
        0.20 + 0.035 * roll(x, 1.0, 2.6) + 0.01 * roll(x, 3.0, 0.0)
    });
    for (x, y, k) in [(0.5, 0.255, 0.34), (1.3, 0.24, 0.26), (2.1, 0.26, 0.40)] {
        for x in stage.repeats(&stage.mid, x, 0.15) {
            cactus(c, &stage.mid.at(x, y, k), stage);
        }
    }
    c.sheet(&stage.near, l.on(0xf8d28c), l.on(0xe5ae66), |x| 0.29 + 0.018 * roll(x, 2.0, 1.0));
    for (x, y, color) in [(0.2, 0.335, 0xc98a5a), (0.95, 0.46, 0xb87a50), (1.55, 0.35, 0xc98a5a), (2.0, 0.47, 0xb87a50)]
    {
        for x in stage.repeats(&stage.near, x, 0.06) {
            c.ball(&stage.near, x, y, (0.042, 0.024), (l.on(color), mix(l.on(color), [0.3, 0.15, 0.15], 0.3)));
        }
    }
}

fn cactus(c: &mut Canvas, s: &Space, stage: &Stage) {
    let l = &stage.light;
    let (green, dark) = (l.on(0x55a865), l.on(0x3a8655));
    let shape = |u: f32, v: f32| {
        let trunk = rod(u, v, (0.0, 0.0), (0.0, -0.86), 0.12, 0.11);
        let left = rod(u, v, (0.0, -0.36), (-0.26, -0.40), 0.075, 0.075).min(rod(
            u,
            v,
            (-0.26, -0.40),
            (-0.26, -0.62),
            0.075,
            0.07,
        ));
        let right = rod(u, v, (0.0, -0.26), (0.27, -0.30), 0.075, 0.075).min(rod(
            u,
            v,
            (0.27, -0.30),
            (0.27, -0.56),
            0.075,
            0.07,
        ));
        trunk.min(left).min(right).max(v - 0.02)
    };
    c.two_tone(s, Extent(-0.36, -1.0, 0.36, 0.02), (green, dark), (-0.055, -0.02), shape);
    c.disc(s, 0.03, -0.97, 0.06, l.on(0xff7fa3));
}

pub fn moon(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    c.backdrop(|y| l.sky_at(stage.sky.of(0.0, y).1));
    sky::stars(c, stage, 1.0);
    let s = &stage.sky;
    // the Earth hangs where the sun would
    let (x, y) = match l.time {
        Time::Day => (0.44, -0.26),
        Time::Sunset => (-0.42, -0.12),
        Time::Night => (-0.42, -0.27),
        Time::Dawn => (0.42, -0.12),
    };
    c.glow(s, x, y, (0.17, 0.17), 0.07, hex(0x8fc7ff), 0.30);
    c.ball(s, x, y, (0.13, 0.13), (hex(0x4f9fe8), hex(0x2f6fb8)));
    for (dx, dy, a, b) in [(-0.04, -0.035, 0.055, 0.035), (0.04, 0.03, 0.04, 0.05), (-0.05, 0.06, 0.03, 0.018)] {
        c.oval(s, x + dx, y + dy, a, b, hex(0x6cc06f));
    }
    c.oval(s, x + 0.01, y - 0.10, 0.05, 0.016, hex(0xf4fbff));
    let tone = |v: u32, far: f32| mix(mix(l.on(v), hex(v), 0.35), l.sky[1], far);
    c.sheet(&stage.far, tone(0x8f8fb5, 0.35), tone(0x7d7da8, 0.25), |x| {
        0.13 + 0.05 * roll(x, 2.0, 0.0) + 0.018 * roll(x, 5.0, 1.0)
    });
    for x in stage.repeats(&stage.mid, 1.5, 0.2) {
        let s = stage.mid.at(x, 0.235, 0.34);
        rocket(c, &s, stage);
    }
    c.sheet(&stage.mid, tone(0xa7a7c7, 0.1), tone(0x9090b5, 0.05), |x| {
        0.20 + 0.025 * roll(x, 1.0, 2.0) + 0.01 * roll(x, 4.0, 0.0)
    });
    c.sheet(&stage.near, tone(0xc9c9de, 0.0), tone(0x9a9abb, 0.0), |x| 0.275 + 0.012 * roll(x, 2.0, 1.0));
    for (x, y, a) in
        [(0.15, 0.34, 0.10), (0.75, 0.45, 0.13), (1.25, 0.335, 0.085), (1.75, 0.44, 0.12), (2.2, 0.36, 0.09)]
    {
        for x in stage.repeats(&stage.near, x, 0.15) {
            c.oval(&stage.near, x, y, a, a * 0.26, tone(0xdedeee, 0.0));
            c.oval(&stage.near, x, y + 0.006, a * 0.9, a * 0.20, tone(0x85859f, 0.0));
        }
    }
}

fn rocket(c: &mut Canvas, s: &Space, stage: &Stage) {
    let f = |v: u32| stage.light.figure(hex(v));
    c.facet(s, &[(-0.13, -0.38), (-0.13, -0.08), (-0.28, 0.0)], 0.01, f(0xe2525c));
    c.facet(s, &[(0.13, -0.38), (0.28, 0.0), (0.13, -0.08)], 0.01, f(0xc23f4c));
    let hull = |u: f32, v: f32| ellipse(u, v, 0.0, -0.45, 0.19, 0.52).max(v + 0.06);
    c.two_tone(s, Extent(-0.2, -1.0, 0.2, 0.0), (f(0xf7f3ee), f(0xcfcbd8)), (-0.07, 0.0), hull);
    c.shape(s, Extent(-0.2, -1.0, 0.2, -0.7), f(0xe2525c), |u, v| hull(u, v).max(v + 0.74));
    c.disc(s, 0.0, -0.52, 0.095, f(0x4f5a86));
    c.disc(s, 0.0, -0.52, 0.068, hex(0xffe28a));
}

pub fn sea(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    c.backdrop(|y| l.sky_at(stage.sky.of(0.0, y).1));
    // shafts of light from above
    let ray = mix(l.sky[0], [1.0; 3], 0.4);
    for k in 0..4_u8 {
        let x = -0.75 + 0.48 * f32::from(k) + 0.03 * stage.beat(0.3 * f32::from(k));
        let points = [(x, -0.62), (x + 0.11, -0.62), (x + 0.02, 0.34), (x - 0.24, 0.34)];
        c.paint(
            &stage.sky,
            Extent(x - 0.26, -0.62, x + 0.13, 0.34),
            0.05,
            0.16,
            |u, v| polygon(u, v, &points),
            |_, _| ray,
        );
    }
    c.sheet(&stage.far, mix(l.on(0x3f8fb5), l.sky[2], 0.5), mix(l.on(0x35809f), l.sky[2], 0.4), |x| {
        0.08 + 0.06 * roll(x, 2.0, 0.0) + 0.03 * roll(x, 3.0, 1.0)
    });
    // a school of far fish
    for (k, (x, y)) in [(0.3, -0.2), (0.48, -0.13), (0.36, -0.06), (1.5, -0.28), (1.68, -0.22)].into_iter().enumerate()
    {
        for x in stage.repeats(&stage.far, x, 0.1) {
            let s = stage.far.at(x, y + 0.008 * stage.beat(0.2 * k as f32), 0.055);
            let color = mix(l.on(0xffc36b), l.sky[1], 0.35);
            c.shape(&s, Extent(-0.9, -0.4, 0.6, 0.4), color, |u, v| {
                ellipse(u, v, 0.0, 0.0, 0.55, 0.32).min(polygon(u, v, &[(-0.85, -0.32), (-0.4, 0.0), (-0.85, 0.32)]))
            });
        }
    }
    c.sheet(&stage.mid, mix(l.on(0x4f9f9a), l.sky[2], 0.25), mix(l.on(0x468f8c), l.sky[2], 0.15), |x| {
        0.19 + 0.03 * roll(x, 1.0, 1.0) + 0.015 * roll(x, 4.0, 0.0)
    });
    for (k, (x, h)) in [(0.2, 0.44), (0.33, 0.32), (1.1, 0.38), (1.85, 0.48), (1.98, 0.34)].into_iter().enumerate() {
        for x in stage.repeats(&stage.mid, x, 0.12) {
            let sway = 0.02 * stage.beat(0.31 * k as f32);
            let (a, b) = ((x - 0.025 + sway, 0.28 - h * 0.45), (x + 0.02 - sway, 0.28 - h));
            let color = l.on(if k % 2 == 0 { 0x2fa36b } else { 0x49b878 });
            c.taper(&stage.mid, (x, 0.30), a, 0.034, 0.03, color);
            c.taper(&stage.mid, a, b, 0.03, 0.012, color);
        }
    }
    c.sheet(&stage.near, l.on(0xf0d79a), l.on(0xd4ae70), |x| 0.275 + 0.018 * roll(x, 2.0, 0.0));
    for (x, color) in [(0.55, 0xff7f8a_u32), (1.35, 0xf5a45c), (2.15, 0xc77fe0)] {
        for x in stage.repeats(&stage.near, x, 0.12) {
            let s = stage.near.at(x, 0.32, 0.17);
            let coral = |u: f32, v: f32| {
                rod(u, v, (0.0, 0.0), (0.0, -0.8), 0.10, 0.085)
                    .min(rod(u, v, (0.0, -0.25), (-0.36, -0.55), 0.085, 0.075))
                    .min(rod(u, v, (0.0, -0.35), (0.34, -0.72), 0.085, 0.075))
            };
            c.two_tone(
                &s,
                Extent(-0.5, -0.95, 0.5, 0.1),
                (l.on(color), mix(l.on(color), [0.3, 0.1, 0.3], 0.25)),
                (-0.04, -0.02),
                coral,
            );
        }
    }
    for k in 0..6_u8 {
        let x = 0.4 * f32::from(k) + 0.1;
        let rise = (stage.phase + 0.37 * f32::from(k)).rem_euclid(1.0);
        for x in stage.repeats(&stage.mid, x, 0.05) {
            let (y, r) = (0.30 - 0.85 * rise, 0.014 + 0.006 * f32::from(k % 3));
            c.paint(
                &stage.mid,
                Extent::around(x, y, r, r),
                0.0,
                0.65,
                |u, v| ellipse(u, v, x, y, r, r),
                |_, _| [0.86, 0.97, 1.0],
            );
        }
    }
    for (x, y) in [(0.95, 0.45), (1.75, 0.44)] {
        for x in stage.repeats(&stage.near, x, 0.05) {
            let s = stage.near.at(x, y, 0.04);
            c.shape(&s, Extent(-1.0, -1.0, 1.0, 1.0), l.on(0xff8a5c), |u, v| {
                crate::render::shapes::star(u, v, 0.95) - 0.05
            });
        }
    }
}
