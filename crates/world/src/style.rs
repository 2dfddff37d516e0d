//! The styles: a flat picture becomes paper, watercolour, pencil, crayon or film. Texture is random by seed and stays with
//! the page, so that it does not swim; only film grain and a slow boil of lines change with the time.

use crate::render::Image;
use crate::spec::Style;

fn hash(x: i32, y: i32, seed: u64) -> f32 {
    let mut h = seed
        ^ (x as u32 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (y as u32 as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    h = (h ^ (h >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 32)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((h >> 40) as f32) / (1 << 24) as f32
}

/// Smooth value noise in −1..1 with cells of size 1.
fn noise(x: f32, y: f32, seed: u64) -> f32 {
    let (ix, iy) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (fx, fy) = (ease(x - ix), ease(y - iy));
    let at = |dx: i32, dy: i32| hash(ix as i32 + dx, iy as i32 + dy, seed);
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * fx;
    let low = at(0, 1) + (at(1, 1) - at(0, 1)) * fx;
    2.0 * (top + (low - top) * fy) - 1.0
}

fn cloud(x: f32, y: f32, seed: u64) -> f32 {
    0.6 * noise(x, y, seed) + 0.3 * noise(x * 2.1, y * 2.1, seed ^ 1) + 0.15 * noise(x * 4.3, y * 4.3, seed ^ 2)
}

/// The picture `flat` in a style. `seed` chooses the texture of a shot, `t` is the time in seconds. The mask stays.
#[must_use]
pub fn stylise(flat: &Image, style: Style, seed: u64, t: f32) -> Image {
    let mut out = flat.clone();
    if style == Style::Flat {
        return out;
    }
    let (w, h) = (flat.width, flat.height);
    let unit = 1.0 / h.max(1) as f32;
    // a line boils four times a second
    let boil = seed ^ ((t * 4.0).floor().max(0.0) as u64).wrapping_mul(0x5851_f42d_4c95_7f2d);
    let frame = seed ^ ((t * 24.0).round().max(0.0) as u64).wrapping_mul(0x1405_7b7e_f767_814f);
    let flicker = 0.012 * noise(t * 9.0, 0.5, seed);
    let pixel = |x: f32, y: f32| -> [f32; 3] {
        let (cx, cy) = (x.clamp(0.0, (w - 1) as f32), y.clamp(0.0, (h - 1) as f32));
        let (x0, y0) = (cx as usize, cy as usize);
        let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(h - 1));
        let (fx, fy) = (cx - x0 as f32, cy - y0 as f32);
        std::array::from_fn(|k| {
            let p = |x: usize, y: usize| f32::from(flat.rgb[(y * w + x) * 3 + k]) / 255.0;
            (p(x0, y0) * (1.0 - fx) + p(x1, y0) * fx) * (1.0 - fy) + (p(x0, y1) * (1.0 - fx) + p(x1, y1) * fx) * fy
        })
    };
    let luma = |p: [f32; 3]| 0.3 * p[0] + 0.59 * p[1] + 0.11 * p[2];
    let reach = (h as f32 / 112.0).max(0.6);
    let edge = |x: f32, y: f32| -> f32 {
        let (l, r, u, d) = (pixel(x - reach, y), pixel(x + reach, y), pixel(x, y - reach), pixel(x, y + reach));
        (0..3).map(|k| (l[k] - r[k]).abs() + (u[k] - d[k]).abs()).sum::<f32>() / 3.0
    };
    for row in 0..h {
        for column in 0..w {
            let (x, y) = (column as f32, row as f32);
            let (u, v) = (x * unit, y * unit);
            let p: [f32; 3] = match style {
                Style::Flat => pixel(x, y),
                Style::Paper => {
                    let fibre = 0.045 * noise(u * 70.0, v * 70.0, seed) + 0.035 * noise(u * 18.0, v * 60.0, seed ^ 3);
                    pixel(x, y).map(|c| c * 0.95 + 0.03 + fibre)
                }
                Style::Watercolor => {
                    let wobble = h as f32 * 0.008;
                    let (dx, dy) = (wobble * cloud(u * 9.0, v * 9.0, seed), wobble * cloud(u * 9.0, v * 9.0, seed ^ 7));
                    let e = edge(x + dx, y + dy);
                    let wash = 0.16 * cloud(u * 5.0, v * 5.0, seed ^ 5) + 0.05 * noise(u * 50.0, v * 50.0, seed ^ 6);
                    pixel(x + dx, y + dy).map(|c| {
                        let thin = c + (1.0 - c) * (0.22 + wash);
                        thin * (1.0 - 0.30 * e.min(1.0)) + 0.01
                    })
                }
                Style::Pencil => {
                    let jitter = 0.8 * reach;
                    let (dx, dy) =
                        (jitter * noise(u * 14.0, v * 14.0, boil), jitter * noise(u * 14.0, v * 14.0, boil ^ 9));
                    let c = pixel(x + dx, y + dy);
                    let l = luma(c);
                    let hatch = noise((u + v) * 55.0, (u - v) * 7.0, seed);
                    let tone = 0.97 - 0.5 * (1.0 - l) * (0.65 + 0.6 * hatch);
                    let line = (1.0 - 1.7 * edge(x + dx, y + dy)).clamp(0.12, 1.0);
                    c.map(|k| ((tone + 0.32 * (k - l)) * line + 0.02 * noise(u * 90.0, v * 90.0, seed ^ 4)).max(0.05))
                }
                Style::Crayon => {
                    let jitter = 1.3 * reach;
                    let (dx, dy) =
                        (jitter * noise(u * 22.0, v * 22.0, boil), jitter * noise(u * 22.0, v * 22.0, boil ^ 9));
                    let wax = noise((u * 0.9 + v) * 16.0, (u - v * 0.9) * 40.0, seed)
                        + 0.7 * noise(u * 75.0, v * 75.0, seed ^ 8);
                    let bare = ((wax - 0.35) * 0.55).clamp(0.0, 0.34);
                    pixel(x + dx, y + dy).map(|c| (c * 0.96 + 0.02) * (1.0 - bare) + 0.97 * bare)
                }
                Style::Film => {
                    let (dx, dy) = (u - 0.5 * w as f32 * unit, v - 0.5);
                    let dark = 1.0 - 0.55 * (dx * dx * 0.5 + dy * dy);
                    let grain = 0.07 * (hash(column as i32, row as i32, frame) - 0.5);
                    let c = pixel(x, y);
                    let l = luma(c);
                    let warm = [0.05, 0.012, -0.045];
                    std::array::from_fn(|k| {
                        let soft = (c[k] - 0.5) * 1.08 + 0.5 + warm[k] * (0.3 + l);
                        soft * dark * (1.0 + flicker) + grain
                    })
                }
            };
            for (k, value) in p.into_iter().enumerate() {
                out.rgb[(row * w + column) * 3 + k] = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            }
        }
    }
    out
}
