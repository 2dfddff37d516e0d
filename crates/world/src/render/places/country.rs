//! Meadow, forest and farm.

use crate::render::canvas::{Canvas, Extent, Rgb, Space, hex, mix};
use crate::render::shapes::{circle, ellipse, polygon};
use crate::render::sky;
use crate::render::stage::{Stage, roll};

/// A round tree: a trunk and a crown of three balls; `s` stands at its foot, its unit is its height.
pub fn round_tree(c: &mut Canvas, s: &Space, crown: (Rgb, Rgb), trunk: Rgb) {
    c.taper(s, (0.0, 0.0), (0.0, -0.45), 0.075, 0.05, trunk);
    let balls = |u: f32, v: f32| {
        circle(u, v, -0.2, -0.55, 0.21).min(circle(u, v, 0.2, -0.53, 0.2)).min(circle(u, v, 0.0, -0.72, 0.27))
    };
    c.two_tone(s, Extent(-0.45, -1.0, 0.45, -0.3), crown, (-0.06, -0.07), balls);
}

/// A fir of three tiers.
pub fn fir(c: &mut Canvas, s: &Space, green: (Rgb, Rgb), trunk: Rgb) {
    c.slab(s, 0.0, -0.08, 0.05, 0.1, 0.01, trunk);
    let tier =
        |u: f32, v: f32, top: f32, foot: f32, w: f32| polygon(u, v, &[(0.0, top), (w, foot), (-w, foot)]) - 0.015;
    let tree = |u: f32, v: f32| {
        tier(u, v, -0.62, -0.14, 0.30).min(tier(u, v, -0.82, -0.38, 0.245)).min(tier(u, v, -0.98, -0.62, 0.18))
    };
    c.two_tone(s, Extent(-0.34, -1.02, 0.34, -0.1), green, (-0.09, 0.0), tree);
}

/// A flower of the ground: a stem's length, petals, a heart.
pub fn bloom(c: &mut Canvas, s: &Space, petal: Rgb, heart: Rgb, stem: Rgb) {
    c.stick(s, (0.0, 0.0), (0.0, -0.55), 0.08, stem);
    let petals = |u: f32, v: f32| {
        circle(u, v, -0.2, -0.75, 0.2)
            .min(circle(u, v, 0.2, -0.75, 0.2))
            .min(circle(u, v, 0.0, -0.93, 0.2))
            .min(circle(u, v, 0.0, -0.58, 0.2))
    };
    c.shape(s, Extent(-0.42, -1.15, 0.42, -0.36), petal, petals);
    c.disc(s, 0.0, -0.75, 0.14, heart);
}

fn bush(c: &mut Canvas, s: &Space, tones: (Rgb, Rgb)) {
    let shape = |u: f32, v: f32| {
        ellipse(u, v, -0.35, -0.12, 0.4, 0.3)
            .min(ellipse(u, v, 0.35, -0.1, 0.42, 0.28))
            .min(ellipse(u, v, 0.0, -0.25, 0.4, 0.38))
            .max(v - 0.02)
    };
    c.two_tone(s, Extent(-0.8, -0.65, 0.8, 0.04), tones, (-0.05, -0.1), shape);
}

pub fn meadow(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    sky::draw(c, stage);
    sky::clouds(c, stage, 0.0);
    c.sheet(&stage.far, l.afar(0x8cc7a8, 0.45), l.afar(0x7ab890, 0.3), |x| {
        0.07 + 0.06 * roll(x, 1.0, 0.6) + 0.03 * roll(x, 3.0, 0.0)
    });
    let line = |x: f32| 0.15 + 0.045 * roll(x, 1.0, 2.4) + 0.02 * roll(x, 2.0, 1.0);
    for (x, k) in [(0.35, 0.26), (0.62, 0.20), (1.7, 0.24)] {
        for x in stage.repeats(&stage.mid, x, 0.2) {
            let s = stage.mid.at(x, line(x) + 0.02, k);
            round_tree(c, &s, (l.afar(0x5fb052, 0.12), l.afar(0x3f8f4a, 0.12)), l.on(0x8a5f3f));
        }
    }
    c.sheet(&stage.mid, l.afar(0x8fd06a, 0.08), l.on(0x6fbd58), line);
    c.sheet(&stage.near, l.on(0x74c356), l.on(0x4f9f45), |x| 0.265 + 0.015 * roll(x, 2.0, 0.0));
    let petals = [0xff7fa8_u32, 0xffffff, 0xffd34d, 0xc58bf0];
    for i in 0..8_usize {
        let (x, y) = (i as f32 * 0.3 + 0.07, 0.345 + [0.0, 0.12, 0.05, 0.13][i % 4]);
        for x in stage.repeats(&stage.near, x, 0.05) {
            let s = stage.near.at(x, y + 0.03, 0.075);
            bloom(c, &s, l.on(petals[i * 3 % 4]), l.on(0xffc53d), l.on(0x3c8a3c));
        }
    }
}

pub fn forest(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    sky::draw(c, stage);
    c.sheet(&stage.far, l.afar(0x7fb59a, 0.5), l.afar(0x6aa588, 0.4), |x| {
        -0.06 + 0.05 * roll(x, 1.0, 0.0) + 0.035 * roll(x, 4.0, 1.0).abs()
    });
    for (i, x) in [0.1, 0.4, 0.68, 1.0, 1.3, 1.62, 1.9, 2.2].into_iter().enumerate() {
        for x in stage.repeats(&stage.mid, x, 0.25) {
            let s = stage.mid.at(x, 0.20, 0.52 + 0.06 * (i % 3) as f32);
            fir(c, &s, (l.afar(0x4f9a72, 0.28), l.afar(0x3a7f62, 0.28)), l.afar(0x6b4d3a, 0.2));
        }
    }
    c.sheet(&stage.mid, l.afar(0x5d9a5a, 0.1), l.on(0x4c8a4c), |x| 0.185 + 0.012 * roll(x, 3.0, 1.0));
    for (x, k) in [(0.28, 0.78), (0.98, 0.86), (1.75, 0.74)] {
        for x in stage.repeats(&stage.near, x, 0.35) {
            let s = stage.near.at(x, 0.29, k);
            fir(c, &s, (l.on(0x2f8a57), l.on(0x1f6b48)), l.on(0x6b4a34));
        }
    }
    c.sheet(&stage.near, l.on(0x5fa64f), l.on(0x3c7a3e), |x| 0.27 + 0.012 * roll(x, 2.0, 0.5));
    for x in [0.62_f32, 1.42, 2.15] {
        for x in stage.repeats(&stage.near, x, 0.16) {
            bush(c, &stage.near.at(x, 0.32, 0.15), (l.on(0x6cb555), l.on(0x459045)));
        }
    }
    for (i, x) in [0.12_f32, 0.8, 1.22, 1.98].into_iter().enumerate() {
        for x in stage.repeats(&stage.near, x, 0.05) {
            let s = stage.near.at(x, 0.45 + 0.02 * (i % 2) as f32, 0.07);
            c.slab(&s, 0.0, -0.2, 0.17, 0.25, 0.1, l.on(0xf4e9d2));
            c.shape(&s, Extent(-0.5, -0.9, 0.5, -0.3), l.on(0xd94b45), |u, v| {
                ellipse(u, v, 0.0, -0.38, 0.46, 0.46).max(v + 0.36)
            });
            c.disc(&s, -0.16, -0.58, 0.1, l.on(0xfff4ea));
            c.disc(&s, 0.18, -0.54, 0.09, l.on(0xfff4ea));
        }
    }
}

pub fn farm(c: &mut Canvas, stage: &Stage) {
    let l = &stage.light;
    sky::draw(c, stage);
    sky::clouds(c, stage, 0.0);
    c.sheet(&stage.far, l.afar(0x9cc77a, 0.42), l.afar(0x8fbf6d, 0.3), |x| 0.06 + 0.05 * roll(x, 1.0, 1.2));
    // stripes of crops on the hill
    let hill = |x: f32| 0.13 + 0.03 * roll(x, 1.0, 4.0);
    c.sheet(&stage.mid, l.afar(0xe6c95c, 0.1), l.on(0xd9b64b), hill);
    for k in 0..8 {
        let x = k as f32 * 0.3;
        for x in stage.repeats(&stage.mid, x, 0.3) {
            c.stick(&stage.mid, (x, 0.155 + hill(x) - 0.13), (x - 0.12, 0.30), 0.016, l.on(0xc39f3c));
        }
    }
    for x in stage.repeats(&stage.mid, 0.55, 0.4) {
        barn(c, &stage.mid.at(x, 0.24, 0.42), stage);
    }
    for x in stage.repeats(&stage.mid, 1.55, 0.2) {
        let s = stage.mid.at(x, 0.235, 0.3);
        round_tree(c, &s, (l.on(0x6bb356), l.on(0x4a9248)), l.on(0x85603f));
        for (u, v) in [(-0.2, -0.55), (0.16, -0.48), (0.02, -0.78)] {
            c.disc(&s, u, v, 0.05, l.on(0xe0453f));
        }
    }
    for x in stage.repeats(&stage.mid, 2.1, 0.2) {
        let s = stage.mid.at(x, 0.235, 0.16);
        c.ball(&s, 0.0, -0.45, (0.5, 0.5), (l.on(0xe9c45a), l.on(0xc79c3e)));
        c.disc(&s, 0.0, -0.45, 0.2, l.on(0xd2aa48));
    }
    c.sheet(&stage.near, l.on(0x8cc65b), l.on(0x5da147), |x| 0.27 + 0.008 * roll(x, 2.0, 0.0));
    // a fence
    let (wood, dark) = (l.on(0xf6ead6), l.on(0xcdb79b));
    for y in [0.245, 0.285] {
        c.paint(
            &stage.near,
            Extent(-99.0, y - 0.009, 99.0, y + 0.009),
            0.0,
            1.0,
            |_, v| (v - y).abs() - 0.009,
            |_, _| dark,
        );
    }
    for k in 0..12 {
        for x in stage.repeats(&stage.near, k as f32 * 0.2 + 0.05, 0.03) {
            let s = &stage.near;
            c.facet(
                s,
                &[(x - 0.014, 0.23), (x, 0.212), (x + 0.014, 0.23), (x + 0.014, 0.315), (x - 0.014, 0.315)],
                0.003,
                wood,
            );
        }
    }
}

fn barn(c: &mut Canvas, s: &Space, stage: &Stage) {
    let l = &stage.light;
    let (red, dark, white) = (l.on(0xc9473f), l.on(0x9d3436), l.on(0xfbf1e4));
    c.facet(
        s,
        &[(-0.42, -0.5), (-0.28, -0.82), (0.0, -0.98), (0.28, -0.82), (0.42, -0.5), (0.42, 0.0), (-0.42, 0.0)],
        0.01,
        dark,
    );
    c.facet(
        s,
        &[(-0.36, -0.48), (-0.24, -0.76), (0.0, -0.9), (0.24, -0.76), (0.36, -0.48), (0.36, 0.0), (-0.36, 0.0)],
        0.0,
        red,
    );
    let lit = if l.lamps() { hex(0xffdf8a) } else { l.on(0x6d2b30) };
    c.slab(s, 0.0, -0.62, 0.1, 0.09, 0.09, white);
    c.slab(s, 0.0, -0.62, 0.07, 0.06, 0.06, lit);
    c.slab(s, 0.0, -0.19, 0.2, 0.2, 0.01, white);
    c.slab(s, 0.0, -0.17, 0.17, 0.17, 0.0, mix(red, dark, 0.6));
    c.stick(s, (-0.16, -0.33), (0.16, -0.02), 0.022, white);
    c.stick(s, (0.16, -0.33), (-0.16, -0.02), 0.022, white);
}
