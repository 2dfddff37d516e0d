//! Signed distances: below 0 inside, 0 on the edge. After Quilez, "2D distance functions".

use super::canvas::{Canvas, Extent, Rgb, Space};

#[inline]
pub fn circle(u: f32, v: f32, x: f32, y: f32, r: f32) -> f32 {
    let (p, q) = (u - x, v - y);
    (p * p + q * q).sqrt() - r
}

/// Approximate: exact on the edge, good near it.
#[inline]
pub fn ellipse(u: f32, v: f32, x: f32, y: f32, a: f32, b: f32) -> f32 {
    let (p, q) = ((u - x) / a, (v - y) / b);
    let k0 = p * p + q * q;
    let (gp, gq) = (p / a, q / b);
    let k1 = (gp * gp + gq * gq).sqrt();
    if k1 < 1e-6 { -a.min(b) } else { 0.5 * (k0 - 1.0) / k1 }
}

#[inline]
pub fn rounded(u: f32, v: f32, x: f32, y: f32, a: f32, b: f32, r: f32) -> f32 {
    let (p, q) = ((u - x).abs() - a + r, (v - y).abs() - b + r);
    let outside = (p.max(0.0) * p.max(0.0) + q.max(0.0) * q.max(0.0)).sqrt();
    outside + p.max(q).min(0.0) - r
}

/// A rod from one point to another, `r0` thick at the first and `r1` at the second.
#[inline]
pub fn rod(u: f32, v: f32, (x0, y0): (f32, f32), (x1, y1): (f32, f32), r0: f32, r1: f32) -> f32 {
    let (ex, ey) = (x1 - x0, y1 - y0);
    let (p, q) = (u - x0, v - y0);
    let h = ((p * ex + q * ey) / (ex * ex + ey * ey + 1e-9)).clamp(0.0, 1.0);
    let (p, q) = (p - h * ex, q - h * ey);
    (p * p + q * q).sqrt() - (r0 + (r1 - r0) * h)
}

/// A convex polygon, its corners clockwise on the screen.
#[inline]
pub fn polygon<const N: usize>(u: f32, v: f32, points: &[(f32, f32); N]) -> f32 {
    let mut d = f32::MIN;
    for i in 0..N {
        let ((ax, ay), (bx, by)) = (points[i], points[(i + 1) % N]);
        let (ex, ey) = (bx - ax, by - ay);
        let k = 1.0 / (ex * ex + ey * ey + 1e-12).sqrt();
        d = d.max(((u - ax) * ey - (v - ay) * ex) * k);
    }
    d
}

/// A star of five rounded points, one upwards.
#[inline]
pub fn star(u: f32, v: f32, r: f32) -> f32 {
    let (k1x, k1y) = (0.809_017, -0.587_785);
    let (mut p, mut q) = (u.abs(), -v);
    let d = 2.0 * (k1x * p + k1y * q).max(0.0);
    p -= d * k1x;
    q -= d * k1y;
    let d = 2.0 * (-k1x * p + k1y * q).max(0.0);
    p += d * k1x;
    q -= d * k1y;
    p = p.abs();
    q -= r;
    let inner = 0.52;
    let (bx, by) = (inner * 0.587_785, inner * 0.809_017 - 1.0);
    let h = ((p * bx + q * by) / (bx * bx + by * by)).clamp(0.0, r);
    let (ex, ey) = (p - bx * h, q - by * h);
    (ex * ex + ey * ey).sqrt() * (q * bx - p * by).signum()
}

/// Short hands for the commonest shapes.
#[allow(clippy::too_many_arguments, reason = "a shape is its numbers")]
impl Canvas {
    pub fn disc(&mut self, s: &Space, x: f32, y: f32, r: f32, color: Rgb) {
        self.shape(s, Extent::around(x, y, r, r), color, |u, v| circle(u, v, x, y, r));
    }

    pub fn oval(&mut self, s: &Space, x: f32, y: f32, a: f32, b: f32, color: Rgb) {
        self.shape(s, Extent::around(x, y, a, b), color, |u, v| ellipse(u, v, x, y, a, b));
    }

    /// An ellipse that is partly see-through and soft at its edge.
    pub fn glow(&mut self, s: &Space, x: f32, y: f32, (a, b): (f32, f32), soft: f32, color: Rgb, alpha: f32) {
        self.paint(s, Extent::around(x, y, a, b), soft, alpha, |u, v| ellipse(u, v, x, y, a, b), |_, _| color);
    }

    pub fn slab(&mut self, s: &Space, x: f32, y: f32, a: f32, b: f32, r: f32, color: Rgb) {
        self.shape(s, Extent::around(x, y, a, b), color, |u, v| rounded(u, v, x, y, a, b, r));
    }

    pub fn stick(&mut self, s: &Space, p: (f32, f32), q: (f32, f32), r: f32, color: Rgb) {
        self.taper(s, p, q, r, r, color);
    }

    pub fn taper(&mut self, s: &Space, p: (f32, f32), q: (f32, f32), r0: f32, r1: f32, color: Rgb) {
        let r = r0.max(r1);
        let extent = Extent(p.0.min(q.0) - r, p.1.min(q.1) - r, p.0.max(q.0) + r, p.1.max(q.1) + r);
        self.shape(s, extent, color, |u, v| rod(u, v, p, q, r0, r1));
    }

    /// A convex polygon with corners rounded by `r`, its points clockwise on the screen.
    pub fn facet<const N: usize>(&mut self, s: &Space, points: &[(f32, f32); N], r: f32, color: Rgb) {
        let mut e = Extent(f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for &(x, y) in points {
            e = Extent(e.0.min(x - r), e.1.min(y - r), e.2.max(x + r), e.3.max(y + r));
        }
        self.shape(s, e, color, |u, v| polygon(u, v, points) - r);
    }

    /// An ellipse in two tones.
    pub fn ball(&mut self, s: &Space, x: f32, y: f32, (a, b): (f32, f32), tones: (Rgb, Rgb)) {
        let shift = (-0.22 * a.min(b), -0.22 * a.min(b));
        self.two_tone(s, Extent::around(x, y, a, b), tones, shift, |u, v| ellipse(u, v, x, y, a, b));
    }

    /// A line that bends: the parabola through `(x ± w, y)` with its middle `bend` lower; `r` is half its thickness.
    pub fn bow(&mut self, s: &Space, x: f32, y: f32, w: f32, bend: f32, r: f32, color: Rgb) {
        let extent = Extent(x - w - r, y + bend.min(0.0) - r, x + w + r, y + bend.max(0.0) + r);
        self.shape(s, extent, color, |u, v| {
            let t = ((u - x) / w).clamp(-1.0, 1.0);
            let slope = 2.0 * bend * t / w;
            let (p, q) = (u - x - t * w, v - y - bend * (1.0 - t * t));
            (p * p + q * q / (1.0 + slope * slope)).sqrt() - r
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_zero_on_the_edge_and_negative_inside() {
        assert!(circle(1.0, 0.0, 0.0, 0.0, 1.0).abs() < 1e-6);
        assert!(ellipse(0.0, 0.5, 0.0, 0.0, 1.0, 0.5).abs() < 1e-6 && ellipse(0.1, 0.1, 0.0, 0.0, 1.0, 0.5) < 0.0);
        assert!(rounded(1.0, 0.0, 0.0, 0.0, 1.0, 0.5, 0.1).abs() < 1e-6);
        assert!((rod(0.5, 0.3, (0.0, 0.0), (1.0, 0.0), 0.1, 0.1) - 0.2).abs() < 1e-6);
        let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        assert!(polygon(0.0, 0.0, &square) < 0.0 && (polygon(2.0, 0.0, &square) - 1.0).abs() < 1e-6);
        assert!(star(0.0, 0.0, 1.0) < 0.0 && star(0.0, -1.0, 1.0).abs() < 1e-3 && star(0.0, 1.0, 1.0) > 0.0);
    }
}
