//! City and castle.

use crate::render::canvas::{Canvas, Extent, Rgb, Space, hex, mix};
use crate::render::places::country::round_tree;
use crate::render::shapes::circle;
use crate::render::sky;
use crate::render::stage::{Stage, roll};

/// A house front with rows of windows; every third is dark.
fn tower(
    c: &mut Canvas,
    layer: &Space,
    (x, foot): (f32, f32),
    (w, h): (f32, f32),
    paint: (Rgb, Rgb),
    windows: Option<(Rgb, Rgb)>,
    salt: usize,
) {
    c.slab(layer, x, foot - h / 2.0, w, h / 2.0, 0.008, paint.0);
    c.slab(layer, x + w * 0.72, foot - h / 2.0, w * 0.28, h / 2.0, 0.004, paint.1);
    let Some((lit, unlit)) = windows else { return };
    let rows = ((h - 0.06) / 0.085) as usize;
    for j in 0..rows.min(6) {
        for (i, dx) in [-0.55_f32, 0.05].into_iter().enumerate() {
            let color = if (i * 2 + j + salt).is_multiple_of(3) { unlit } else { lit };
            c.slab(layer, x + dx * w, foot - h + 0.055 + 0.085 * j as f32, w * 0.2, 0.024, 0.004, color);
        }
    }
}

pub fn city(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    sky::draw(c, stage);
    sky::clouds(c, stage, -0.02);
    for (i, h) in [0.34_f32, 0.46, 0.28, 0.40, 0.52, 0.30, 0.44, 0.36].into_iter().enumerate() {
        for x in stage.repeats(&stage.far, i as f32 * 0.3 + 0.1, 0.16) {
            tower(c, &stage.far, (x, 0.3), (0.135, h), (l.afar(0x8fa3cf, 0.45), l.afar(0x8296c4, 0.45)), None, i);
        }
    }
    let lit = if l.lamps() { hex(0xffdf7e) } else { l.on(0xd8f0fb) };
    let unlit = if l.lamps() { l.on(0x5a6690) } else { l.on(0xa9cfe6) };
    let paints = [
        (0xf0a67a, 0xd98a62),
        (0x7fb7d9, 0x659dc2),
        (0xf3d08a, 0xdbb46c),
        (0xc58fb5, 0xa9739b),
        (0x8fc7a2, 0x74ad89),
        (0xe58a87, 0xc9706f),
    ];
    for (i, h) in [0.44_f32, 0.58, 0.36, 0.52, 0.40, 0.62].into_iter().enumerate() {
        for x in stage.repeats(&stage.mid, i as f32 * 0.4 + 0.2, 0.2) {
            let (a, b) = paints[i];
            tower(c, &stage.mid, (x, 0.31), (0.155, h), (l.on(a), l.on(b)), Some((lit, unlit)), i);
        }
    }
    for x in [0.0_f32, 1.2] {
        for x in stage.repeats(&stage.near, x, 0.15) {
            round_tree(c, &stage.near.at(x, 0.30, 0.28), (l.on(0x66b35a), l.on(0x47934d)), l.on(0x7d5b42));
        }
    }
    for x in [0.6_f32, 1.8] {
        for x in stage.repeats(&stage.near, x, 0.2) {
            let iron = l.on(0x3f4560);
            c.stick(&stage.near, (x, 0.30), (x, -0.06), 0.012, iron);
            c.slab(&stage.near, x, -0.09, 0.032, 0.035, 0.01, iron);
            let lamp = if l.lamps() { hex(0xffeaa0) } else { l.on(0xf7f1dc) };
            c.slab(&stage.near, x, -0.088, 0.022, 0.025, 0.006, lamp);
            if l.lamps() {
                c.glow(&stage.near, x, -0.088, (0.09, 0.09), 0.1, hex(0xffe08a), 0.35);
            }
        }
    }
    c.sheet(&stage.near, l.on(0xc9c4cf), l.on(0xaeaab8), |_| 0.285);
    c.sheet(&stage.near, l.on(0x6f7284), l.on(0x565a6d), |_| 0.34);
    for k in 0..6 {
        for x in stage.repeats(&stage.near, k as f32 * 0.4, 0.1) {
            c.slab(&stage.near, x, 0.462, 0.075, 0.010, 0.005, l.on(0xf4ead0));
        }
    }
}

pub fn castle(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    sky::draw(c, stage);
    sky::clouds(c, stage, 0.0);
    c.sheet(&stage.far, l.afar(0x86b59b, 0.45), l.afar(0x79aa8c, 0.35), |x| {
        0.08 + 0.07 * roll(x, 1.0, 0.0) + 0.02 * roll(x, 3.0, 2.0)
    });
    for x in stage.repeats(&stage.mid, 0.9, 0.8) {
        keep(c, &stage.mid.at(x, 0.29, 1.0), stage);
    }
    for x in [0.0_f32, 1.86, 2.1] {
        for x in stage.repeats(&stage.mid, x, 0.15) {
            round_tree(c, &stage.mid.at(x, 0.27, 0.24), (l.on(0x5fae62), l.on(0x3f8a52)), l.on(0x7d5b42));
        }
    }
    c.sheet(&stage.mid, l.on(0x86c56b), l.on(0x68ad58), |x| 0.245 + 0.012 * roll(x, 2.0, 1.0));
    c.sheet(&stage.near, l.on(0xdcc8a2), l.on(0xbfa67f), |x| 0.30 + 0.006 * roll(x, 3.0, 0.0));
    for k in 0..8 {
        for x in stage.repeats(&stage.near, k as f32 * 0.3, 0.1) {
            let y = 0.345 + 0.11 * (k % 2) as f32;
            c.slab(&stage.near, x, y, 0.07, 0.016, 0.014, l.on(0xcbb48c));
        }
    }
}

/// The castle: two towers, a wall with battlements, a gate; the foot at the origin.
fn keep(c: &mut Canvas, s: &Space, stage: &Stage) {
    let l = &stage.light;
    let (stone, shade, dark) = (l.on(0xd9d3e2), l.on(0xb5aec6), l.on(0x6b6288));
    let (roof, roof_shade) = (l.on(0x7a5fc0), l.on(0x5d479c));
    let lit = if l.lamps() { hex(0xffdf7e) } else { l.on(0x566089) };
    let tower = |c: &mut Canvas, x: f32, h: f32, w: f32, flag: u32| {
        c.slab(s, x, -h / 2.0, w, h / 2.0, 0.0, stone);
        c.slab(s, x + w * 0.66, -h / 2.0, w * 0.34, h / 2.0, 0.0, shade);
        c.stick(s, (x, -h - 0.16), (x, -h - 0.24), 0.007, dark);
        let wag = 0.012 * stage.beat(x);
        c.facet(s, &[(x + 0.005, -h - 0.245), (x + 0.085, -h - 0.215 + wag), (x + 0.005, -h - 0.185)], 0.0, l.on(flag));
        c.facet(s, &[(x, -h - 0.175), (x + w * 1.3, -h + 0.01), (x - w * 1.3, -h + 0.01)], 0.006, roof);
        c.facet(s, &[(x + w * 0.1, -h - 0.165), (x + w * 1.3, -h + 0.01), (x + w * 0.5, -h + 0.01)], 0.003, roof_shade);
        c.slab(s, x, -h + 0.11, w * 0.26, 0.038, 0.02, lit);
    };
    tower(c, -0.16, 0.46, 0.075, 0xf2c14e);
    tower(c, 0.20, 0.50, 0.085, 0xe2525c);
    c.slab(s, 0.0, -0.14, 0.5, 0.14, 0.0, stone);
    for k in 0..8 {
        c.slab(s, -0.455 + 0.13 * k as f32, -0.295, 0.035, 0.03, 0.003, stone);
    }
    for (x, y) in [(-0.25, -0.2), (0.27, -0.1), (-0.33, -0.07), (0.19, -0.22)] {
        c.slab(s, x, y, 0.035, 0.013, 0.008, shade);
    }
    tower(c, -0.47, 0.36, 0.085, 0xe2525c);
    tower(c, 0.47, 0.38, 0.085, 0xf2c14e);
    let gate = |r: f32| move |u: f32, v: f32| circle(u, v, 0.0, -0.11, r).min((u.abs() - r).max(-0.11 - v)).max(v);
    c.shape(s, Extent(-0.13, -0.25, 0.13, 0.0), shade, gate(0.115));
    c.shape(s, Extent(-0.1, -0.22, 0.1, 0.0), mix(dark, l.on(0x7a4a35), 0.7), gate(0.088));
    c.stick(s, (0.0, -0.19), (0.0, 0.0), 0.006, dark);
}
