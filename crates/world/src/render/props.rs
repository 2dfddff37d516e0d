//! The twelve props, each in a box of height 1 about the origin.

use super::canvas::{Canvas, Extent, Rgb, Space, hex, mix, times};
use super::light::Light;
use super::shapes::{circle, ellipse, polygon, rounded, star};
use crate::spec::Prop;

/// Draws a prop; `s` is its own space.
pub fn draw(c: &mut Canvas, s: &Space, prop: Prop, light: &Light) {
    let f = |v: u32| light.figure(hex(v));
    let pair = |v: u32| (f(v), times(f(v), [0.78, 0.72, 0.82]));
    match prop {
        Prop::None => {}
        Prop::Ball => {
            c.ball(s, 0.0, 0.0, (0.5, 0.5), pair(0xf0483e));
            c.shape(s, Extent::around(0.0, 0.0, 0.5, 0.5), f(0xffffff), |u, v| {
                circle(u, v, 0.0, 0.0, 0.5).max(v.abs() - 0.13)
            });
            c.shape(s, Extent::around(0.0, 0.0, 0.5, 0.5), f(0x3f76e6), |u, v| {
                circle(u, v, 0.0, 0.0, 0.5).max(0.34 - v)
            });
        }
        Prop::Flower => {
            c.stick(s, (0.0, -0.15), (0.0, 0.5), 0.055, f(0x3f9f4a));
            c.oval(s, 0.14, 0.26, 0.15, 0.07, f(0x5cbc5a));
            let petals = |u: f32, v: f32| {
                (0..6_u8).fold(f32::MAX, |d, k| {
                    let (y, x) = (f32::from(k) * std::f32::consts::FRAC_PI_3).sin_cos();
                    d.min(circle(u, v, 0.21 * x, -0.2 + 0.21 * y, 0.145))
                })
            };
            c.two_tone(s, Extent::around(0.0, -0.2, 0.37, 0.37), pair(0xff5fa2), (-0.05, -0.05), petals);
            c.disc(s, 0.0, -0.2, 0.14, f(0xffd23f));
        }
        Prop::Gift => {
            c.slab(s, 0.0, 0.13, 0.44, 0.37, 0.03, f(0x4a7df0));
            c.slab(s, 0.0, -0.18, 0.5, 0.12, 0.03, f(0x3a66d0));
            c.slab(s, 0.0, 0.1, 0.09, 0.4, 0.0, f(0xffd23f));
            c.ball(s, -0.17, -0.38, (0.17, 0.11), pair(0xffd23f));
            c.ball(s, 0.17, -0.38, (0.17, 0.11), pair(0xffd23f));
            c.disc(s, 0.0, -0.34, 0.08, f(0xf2b52c));
        }
        Prop::Balloon => {
            c.stick(s, (0.0, 0.55), (0.02, 1.15), 0.03, f(0x6b6478));
            c.facet(s, &[(0.0, 0.48), (0.1, 0.62), (-0.1, 0.62)], 0.01, f(0xc92f63));
            c.ball(s, 0.0, 0.0, (0.43, 0.52), pair(0xf03f78));
            c.oval(s, -0.16, -0.2, 0.08, 0.14, mix(f(0xf03f78), [1.0; 3], 0.65));
        }
        Prop::Mushroom => {
            c.slab(s, 0.0, 0.22, 0.17, 0.28, 0.1, f(0xfbeeda));
            let cap = |u: f32, v: f32| ellipse(u, v, 0.0, 0.02, 0.5, 0.5).max(v - 0.06);
            c.two_tone(s, Extent(-0.5, -0.5, 0.5, 0.1), pair(0xe8463f), (-0.08, -0.04), cap);
            for (u, v, r) in [(-0.24, -0.12, 0.1), (0.1, -0.26, 0.11), (0.3, -0.06, 0.075)] {
                c.disc(s, u, v, r, f(0xffffff));
            }
        }
        Prop::Star => {
            c.glow(s, 0.0, 0.0, (0.62, 0.62), 0.35, hex(0xfff1a8), 0.4);
            c.two_tone(
                s,
                Extent::around(0.0, 0.0, 0.56, 0.56),
                (hex(0xffdd45), hex(0xf2ac2e)),
                (-0.07, -0.05),
                |u, v| star(u, v, 0.5) - 0.05,
            );
        }
        Prop::Book => {
            c.slab(s, 0.0, 0.06, 0.56, 0.40, 0.05, f(0x2f8f86));
            for k in [-1.0_f32, 1.0] {
                let page = [
                    (k.min(0.0) * 0.5, -0.36),
                    (k.max(0.0) * 0.5, -0.36),
                    (k.max(0.0) * 0.5, 0.34),
                    (k.min(0.0) * 0.5, 0.34),
                ];
                c.facet(s, &page, 0.0, f(if k > 0.0 { 0xfffbee } else { 0xefe6d0 }));
                for v in [-0.18_f32, 0.0, 0.18] {
                    c.stick(s, (k * 0.12, v), (k * 0.4, v), 0.035, f(0xa9a3b5));
                }
            }
        }
        Prop::Apple => {
            c.ball(s, -0.12, 0.08, (0.32, 0.40), pair(0xe5383b));
            c.ball(s, 0.14, 0.08, (0.32, 0.40), pair(0xe5383b));
            c.oval(s, -0.2, -0.06, 0.07, 0.12, mix(f(0xe5383b), [1.0; 3], 0.6));
            c.stick(s, (0.0, -0.26), (0.04, -0.46), 0.045, f(0x6f4a2f));
            c.oval(s, 0.2, -0.40, 0.16, 0.08, f(0x5cb64f));
        }
        Prop::Umbrella => umbrella(c, s, f),
        Prop::Lantern => {
            let glow = if light.lamps() { 0.55 } else { 0.25 };
            c.glow(s, 0.0, 0.05, (0.75, 0.75), 0.6, hex(0xffd75e), glow);
            c.bow(s, 0.0, -0.32, 0.16, -0.16, 0.035, f(0x4a4058));
            c.slab(s, 0.0, -0.26, 0.26, 0.07, 0.03, f(0x4a4058));
            c.two_tone(
                s,
                Extent::around(0.0, 0.1, 0.33, 0.33),
                (hex(0xffe27a), hex(0xffb947)),
                (-0.05, -0.05),
                |u, v| rounded(u, v, 0.0, 0.1, 0.33, 0.32, 0.14),
            );
            c.slab(s, 0.0, 0.44, 0.27, 0.06, 0.03, f(0x4a4058));
            c.slab(s, 0.0, 0.1, 0.035, 0.31, 0.0, f(0x4a4058));
        }
        Prop::Cake => {
            c.oval(s, 0.0, 0.46, 0.56, 0.07, f(0xe8e4ee));
            c.slab(s, 0.0, 0.27, 0.47, 0.2, 0.04, f(0xc98a58));
            c.slab(s, 0.0, 0.0, 0.36, 0.15, 0.04, f(0xf5b7cf));
            c.slab(s, 0.0, 0.10, 0.47, 0.07, 0.06, f(0xfff6f0));
            c.slab(s, 0.0, -0.13, 0.37, 0.055, 0.05, f(0xfff6f0));
            c.stick(s, (0.0, -0.34), (0.0, -0.18), 0.045, f(0x54b6e0));
            c.oval(s, 0.0, -0.43, 0.06, 0.09, hex(0xffb52e));
            for u in [-0.22_f32, 0.22] {
                c.disc(s, u, -0.18, 0.07, f(0xe5383b));
            }
        }
        Prop::Kite => {
            c.stick(s, (0.0, 0.4), (-0.12, 0.75), 0.03, f(0x6b6478));
            c.stick(s, (-0.12, 0.75), (0.06, 1.1), 0.03, f(0x6b6478));
            c.facet(s, &[(0.0, -0.5), (0.4, -0.08), (0.0, 0.48), (-0.4, -0.08)], 0.0, f(0xf2503e));
            c.facet(s, &[(0.0, -0.5), (0.4, -0.08), (0.0, -0.08)], 0.0, f(0xffd23f));
            c.facet(s, &[(-0.4, -0.08), (0.0, -0.08), (0.0, 0.48)], 0.0, f(0x3f9fe6));
            c.facet(s, &[(-0.28, 0.68), (-0.12, 0.75), (-0.26, 0.86)], 0.02, f(0xffd23f));
            c.facet(s, &[(0.06, 0.92), (0.2, 0.98), (0.06, 1.06)], 0.02, f(0x3f9fe6));
        }
    }
}

fn umbrella(c: &mut Canvas, s: &Space, f: impl Fn(u32) -> Rgb) {
    c.stick(s, (0.0, -0.4), (0.0, 0.46), 0.035, f(0x6f4a2f));
    c.bow(s, 0.08, 0.42, 0.08, 0.08, 0.035, f(0x6f4a2f));
    let dome = |u: f32, v: f32| ellipse(u, v, 0.0, 0.02, 0.62, 0.5).max(v - 0.02 - 0.05 * (u * 15.2).cos());
    c.shape(s, Extent(-0.64, -0.5, 0.64, 0.1), f(0xe24a6a), dome);
    for (u, w) in [(-0.42_f32, 0.11_f32), (0.0, 0.16), (0.42, 0.11)] {
        c.shape(s, Extent(-0.64, -0.5, 0.64, 0.1), f(0xfff2e6), |x, y| {
            dome(x, y).max(polygon(x, y, &[(u * 0.25, -0.5), (u + w, 0.1), (u - w, 0.1)]))
        });
    }
    c.stick(s, (0.0, -0.48), (0.0, -0.56), 0.035, f(0x6f4a2f));
}
