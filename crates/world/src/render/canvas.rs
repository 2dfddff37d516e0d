//! A picture under construction: signed distances become anti-aliased paper, one shape on top of the other.

/// Red, green, blue in 0..1, in the display's own curve.
pub type Rgb = [f32; 3];

/// A colour from its hexadecimal notation.
#[must_use]
pub const fn hex(v: u32) -> Rgb {
    [((v >> 16) & 255) as f32 / 255.0, ((v >> 8) & 255) as f32 / 255.0, (v & 255) as f32 / 255.0]
}

/// Between two colours.
#[inline]
#[must_use]
pub fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}

/// A colour times another.
#[must_use]
pub fn times(a: Rgb, b: Rgb) -> Rgb {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
}

/// A rectangle of pixels of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// A box in a space: from `(u0, v0)` to `(u1, v1)`.
#[derive(Clone, Copy, Debug)]
pub struct Extent(pub f32, pub f32, pub f32, pub f32);

impl Extent {
    /// A box around a point.
    #[must_use]
    pub fn around(u: f32, v: f32, a: f32, b: f32) -> Extent {
        Extent(u - a, v - b, u + a, v + b)
    }
}

/// An affine map from the screen (units of the frame's height, origin in its middle, y down) to coordinates of one's own.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    /// u = a x + b y + e; v = c x + d y + f
    a: f32,
    b: f32,
    c: f32,
    d: f32,
    e: f32,
    f: f32,
}

impl Space {
    /// The screen itself.
    pub const SCREEN: Space = Space { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };

    /// The world under a camera that looks at `(x, y)`.
    #[must_use]
    pub fn camera(x: f32, y: f32, zoom: f32) -> Space {
        let s = 1.0 / zoom.max(1e-3);
        Space { a: s, b: 0.0, c: 0.0, d: s, e: x, f: y }
    }

    /// The space whose origin is at `(x, y)` of this one and whose unit is `scale` of its units.
    #[must_use]
    pub fn at(self, x: f32, y: f32, scale: f32) -> Space {
        self.stretched(x, y, scale, scale)
    }

    /// The same with a unit for each axis; a negative one mirrors.
    #[must_use]
    pub fn stretched(self, x: f32, y: f32, sx: f32, sy: f32) -> Space {
        let (ix, iy) = (1.0 / sx, 1.0 / sy);
        Space {
            a: self.a * ix,
            b: self.b * ix,
            c: self.c * iy,
            d: self.d * iy,
            e: (self.e - x) * ix,
            f: (self.f - y) * iy,
        }
    }

    /// The space turned clockwise on the screen about its origin.
    #[must_use]
    pub fn turned(self, angle: f32) -> Space {
        let (s, c) = angle.sin_cos();
        Space {
            a: c * self.a + s * self.c,
            b: c * self.b + s * self.d,
            e: c * self.e + s * self.f,
            c: -s * self.a + c * self.c,
            d: -s * self.b + c * self.d,
            f: -s * self.e + c * self.f,
        }
    }

    /// The coordinates of a point of the screen.
    #[inline]
    #[must_use]
    pub fn of(&self, x: f32, y: f32) -> (f32, f32) {
        (self.a * x + self.b * y + self.e, self.c * x + self.d * y + self.f)
    }

    /// The point of the screen with these coordinates.
    #[must_use]
    pub fn screen(&self, u: f32, v: f32) -> (f32, f32) {
        let det = self.a * self.d - self.b * self.c;
        let k = if det.abs() < 1e-12 { 0.0 } else { 1.0 / det };
        let (p, q) = (u - self.e, v - self.f);
        (k * (self.d * p - self.b * q), k * (self.a * q - self.c * p))
    }

    /// The length of a screen unit here: the square root of the area of the unit square.
    #[must_use]
    pub fn unit(&self) -> f32 {
        (self.a * self.d - self.b * self.c).abs().sqrt()
    }
}

/// What a shape counts as in the mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Background,
    Prop,
    Character,
}

/// The pixels of a window of a frame, in floating point.
pub struct Canvas {
    /// Size of the whole frame in pixels.
    frame: (usize, usize),
    /// Which part of it this canvas holds.
    window: Window,
    rgb: Vec<Rgb>,
    mask: Vec<u8>,
    class: Class,
    /// While a cut-out is drawn: its coverage.
    cover: Option<Vec<f32>>,
    behind: Vec<Rgb>,
}

impl Canvas {
    /// A black canvas for `window` of a frame of `frame` pixels.
    #[must_use]
    pub fn new(frame: (usize, usize), window: Window) -> Canvas {
        let n = window.width * window.height;
        Canvas {
            frame,
            window,
            rgb: vec![[0.0; 3]; n],
            mask: vec![0; n],
            class: Class::Background,
            cover: None,
            behind: Vec::new(),
        }
    }

    /// The length of a pixel's side in screen units.
    #[must_use]
    pub fn pixel(&self) -> f32 {
        1.0 / self.frame.1 as f32
    }

    /// Half the frame's width in screen units.
    #[must_use]
    pub fn half_width(&self) -> f32 {
        0.5 * self.frame.0 as f32 / self.frame.1 as f32
    }

    /// What the next shapes count as.
    pub fn class(&mut self, class: Class) {
        self.class = class;
    }

    #[inline]
    fn screen_x(&self, column: usize) -> f32 {
        ((self.window.x + column) as f32 + 0.5 - 0.5 * self.frame.0 as f32) / self.frame.1 as f32
    }

    #[inline]
    fn screen_y(&self, row: usize) -> f32 {
        ((self.window.y + row) as f32 + 0.5) / self.frame.1 as f32 - 0.5
    }

    /// The columns and rows of the window that a box can touch: `(x0, x1, y0, y1)`, ends excluded.
    fn covered(&self, space: &Space, extent: Extent) -> (usize, usize, usize, usize) {
        let Extent(u0, v0, u1, v1) = extent;
        let corners = [space.screen(u0, v0), space.screen(u1, v0), space.screen(u0, v1), space.screen(u1, v1)];
        let fold =
            |f: fn(f32, f32) -> f32, start: f32, pick: fn(&(f32, f32)) -> f32| corners.iter().map(pick).fold(start, f);
        let height = self.frame.1 as f32;
        let to_column = |x: f32| x * height + 0.5 * self.frame.0 as f32 - self.window.x as f32;
        let to_row = |y: f32| (y + 0.5) * height - self.window.y as f32;
        let clip = |v: f32, n: usize| (v.max(0.0) as usize).min(n);
        (
            clip(to_column(fold(f32::min, f32::MAX, |p| p.0)) - 1.0, self.window.width),
            clip(to_column(fold(f32::max, f32::MIN, |p| p.0)) + 2.0, self.window.width),
            clip(to_row(fold(f32::min, f32::MAX, |p| p.1)) - 1.0, self.window.height),
            clip(to_row(fold(f32::max, f32::MIN, |p| p.1)) + 2.0, self.window.height),
        )
    }

    #[inline]
    fn blend(&mut self, i: usize, color: Rgb, alpha: f32) {
        self.rgb[i] = mix(self.rgb[i], color, alpha);
        if let Some(cover) = &mut self.cover {
            cover[i] = cover[i].max(alpha);
        }
        if alpha >= 0.5 {
            match self.class {
                Class::Background => {}
                Class::Prop => self.mask[i] = 128,
                Class::Character => self.mask[i] = 255,
            }
        }
    }

    /// Draws where `distance` is below 0, in the colour that `ink` gives for a point, with softness `soft` (in units of
    /// the space; 0: one pixel) and opacity `alpha`.
    #[inline]
    pub fn paint(
        &mut self,
        space: &Space,
        extent: Extent,
        soft: f32,
        alpha: f32,
        distance: impl Fn(f32, f32) -> f32,
        ink: impl Fn(f32, f32) -> Rgb,
    ) {
        let edge = soft.max(self.pixel() * space.unit());
        let Extent(u0, v0, u1, v1) = extent;
        let (x0, x1, y0, y1) = self.covered(space, Extent(u0 - soft, v0 - soft, u1 + soft, v1 + soft));
        let scale = 1.0 / edge;
        for row in y0..y1 {
            let y = self.screen_y(row);
            for column in x0..x1 {
                let (u, v) = space.of(self.screen_x(column), y);
                let cover = 0.5 - distance(u, v) * scale;
                if cover > 0.0 {
                    self.blend(row * self.window.width + column, ink(u, v), cover.min(1.0) * alpha);
                }
            }
        }
    }

    /// A shape in one colour.
    #[inline]
    pub fn shape(&mut self, space: &Space, extent: Extent, color: Rgb, distance: impl Fn(f32, f32) -> f32) {
        self.paint(space, extent, 0.0, 1.0, distance, |_, _| color);
    }

    /// A shape in two tones: `light`, and `shade` where the shape moved by `shift` does not lie.
    #[inline]
    pub fn two_tone(
        &mut self,
        space: &Space,
        extent: Extent,
        (light, shade): (Rgb, Rgb),
        shift: (f32, f32),
        distance: impl Fn(f32, f32) -> f32,
    ) {
        let scale = 1.0 / (self.pixel() * space.unit() * 1.5);
        self.paint(space, extent, 0.0, 1.0, &distance, |u, v| {
            let d = distance(u - shift.0, v - shift.1);
            mix(light, shade, (0.5 + d * scale).clamp(0.0, 1.0))
        });
    }

    /// The whole window, a colour for every row's height `y` on the screen and column `x`.
    pub fn backdrop(&mut self, ink: impl Fn(f32) -> Rgb) {
        for row in 0..self.window.height {
            let color = ink(self.screen_y(row));
            let at = row * self.window.width;
            self.rgb[at..at + self.window.width].fill(color);
        }
    }

    /// Everything below the line `edge(x)` of `space`, from `top` at the line to `bottom` half a frame below it, with a
    /// bright lip and a soft shadow on what lies behind: a sheet of paper.
    pub fn sheet(&mut self, space: &Space, top: Rgb, bottom: Rgb, edge: impl Fn(f32) -> f32) {
        let unit = space.unit();
        let scale = 1.0 / (self.pixel() * unit);
        let lip = mix(top, [1.0; 3], 0.16);
        for column in 0..self.window.width {
            let (x, _) = space.of(self.screen_x(column), 0.0);
            let line = edge(x);
            let first = space.screen(x, line - 0.05).1;
            let row = ((first + 0.5) * self.frame.1 as f32 - self.window.y as f32).max(0.0) as usize;
            for row in row..self.window.height {
                let (_, y) = space.of(0.0, self.screen_y(row));
                let below = y - line;
                let i = row * self.window.width + column;
                let cover = (0.5 + below * scale).clamp(0.0, 1.0);
                if cover < 1.0 {
                    let shadow = (1.0 + below / 0.045).clamp(0.0, 1.0);
                    self.rgb[i] = mix(self.rgb[i], [0.05, 0.06, 0.15], 0.16 * shadow * shadow);
                }
                if cover > 0.0 {
                    let flat = mix(top, bottom, (below * 2.0).clamp(0.0, 1.0));
                    let bright = (1.0 - below / 0.014).clamp(0.0, 1.0);
                    self.rgb[i] = mix(self.rgb[i], mix(flat, lip, bright), cover);
                }
            }
        }
    }

    /// A veil over the whole window: a colour and an opacity for every row.
    pub fn veil(&mut self, color: Rgb, opacity: impl Fn(f32) -> f32) {
        for row in 0..self.window.height {
            let a = opacity(self.screen_y(row)).clamp(0.0, 1.0);
            if a > 0.0 {
                for p in &mut self.rgb[row * self.window.width..(row + 1) * self.window.width] {
                    *p = mix(*p, color, a);
                }
            }
        }
    }

    /// Begins a cut-out: what is drawn until [`Canvas::end_cutout`] casts one shadow.
    pub fn begin_cutout(&mut self) {
        self.cover = Some(vec![0.0; self.rgb.len()]);
        self.behind.clone_from(&self.rgb);
    }

    /// Ends a cut-out: lays its soft shadow, `offset` to the right and below (screen units), on what was there before.
    pub fn end_cutout(&mut self, offset: f32, strength: f32) {
        let Some(cover) = self.cover.take() else { return };
        let shift = ((offset * self.frame.1 as f32).round() as usize).max(1);
        let (w, h) = (self.window.width, self.window.height);
        for row in shift..h {
            for column in shift..w {
                let i = row * w + column;
                if cover[i] >= 1.0 {
                    continue;
                }
                let at = |r: usize, c: usize| cover[r * w + c];
                let (r, c) = (row - shift, column - shift);
                let soft = 0.5 * at(r, c) + 0.25 * at(r, (c + 1).min(w - 1)) + 0.25 * at((r + 1).min(h - 1), c);
                if soft > 0.0 {
                    // the figure is over the shadow, the shadow over what was there
                    let a = soft * strength;
                    let dark = mix(self.behind[i], [0.04, 0.04, 0.12], a);
                    for ((pixel, dark), behind) in self.rgb[i].iter_mut().zip(dark).zip(self.behind[i]) {
                        *pixel += (dark - behind) * (1.0 - cover[i]);
                    }
                }
            }
        }
    }

    /// The finished pixels: 8-bit RGB and the mask.
    #[must_use]
    pub fn finish(self) -> (Vec<u8>, Vec<u8>) {
        let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        (self.rgb.iter().flat_map(|p| [byte(p[0]), byte(p[1]), byte(p[2])]).collect(), self.mask)
    }
}
