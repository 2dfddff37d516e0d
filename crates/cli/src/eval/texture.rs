//! What a picture's surface is like, in a few numbers: how strong its details are at three sizes, which way they run, how they
//! repeat from pixel to pixel, and its tones. Classes of surfaces, and the distance between two crowds of them.

use kinora_world::render::Image;

/// Numbers of a picture's surface.
pub const N: usize = 24;
pub type Surface = [f64; N];
type Matrix = Vec<[f64; N]>;

/// The surface of a picture.
pub fn surface(image: &Image) -> Surface {
    let (w, h) = (image.width, image.height);
    let channel = |i: usize, c: usize| f64::from(image.rgb.get(3 * i + c).copied().unwrap_or(0)) / 255.0;
    let luma: Vec<f64> =
        (0..w * h).map(|i| 0.3 * channel(i, 0) + 0.59 * channel(i, 1) + 0.11 * channel(i, 2)).collect();
    let mut out = Vec::with_capacity(N);
    // details of one, two and four pixels
    let mut fine = Vec::new();
    let mut base = luma.clone();
    for radius in [1, 2, 4] {
        let blurred = blur(&base, w, h, radius);
        let band: Vec<f64> = base.iter().zip(&blurred).map(|(a, b)| a - b).collect();
        let spread = deviation(&band);
        out.push((spread + 1e-3).ln());
        out.push((mean(band.iter().map(|v| v.abs())) / (spread + 1e-6)).ln_1p());
        if fine.is_empty() {
            fine = band;
        }
        base = blurred;
    }
    // how details go on to neighbours
    let power = mean(fine.iter().map(|v| v * v)) + 1e-7;
    for (dx, dy) in [(1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2), (2, 2), (2, -2)] {
        out.push(mean(pairs(&fine, w, h, dx, dy).map(|(a, b)| a * b)) / power);
    }
    // edges at right angles
    for (dx, dy) in [(1, 0), (0, 1)] {
        out.push((mean(pairs(&luma, w, h, dx, dy).map(|(a, b)| (a - b).abs())) + 1e-3).ln());
    }
    // tones
    let tone = |f: &dyn Fn(usize) -> f64| mean((0..w * h).map(f));
    let saturation = |i: usize| {
        let [r, g, b] = [0, 1, 2].map(|c| channel(i, c));
        r.max(g).max(b) - r.min(g).min(b)
    };
    out.push(mean(luma.iter().copied()));
    out.push(deviation(&luma));
    out.push(tone(&saturation));
    out.push(tone(&|i| channel(i, 0) - channel(i, 2)));
    out.push(tone(&|i| f64::from(u8::from(luma[i] < 0.15))));
    out.push(tone(&|i| f64::from(u8::from(luma[i] > 0.9))));
    let middle = |i: usize| i % w > w / 4 && i % w < w - w / 4 && i / w > h / 4 && i / w < h - h / 4;
    let inside = mean((0..w * h).filter(|&i| middle(i)).map(|i| luma[i]));
    out.push(inside - mean(luma.iter().copied()));
    let noise = |c: usize| {
        let plane: Vec<f64> = (0..w * h).map(|i| channel(i, c) - luma[i]).collect();
        let smooth = blur(&plane, w, h, 1);
        deviation(&plane.iter().zip(&smooth).map(|(a, b)| a - b).collect::<Vec<_>>())
    };
    out.push((noise(2) + 1e-3).ln());
    let mut surface = [0.0; N];
    surface.iter_mut().zip(out).for_each(|(s, v)| *s = v);
    surface
}

/// Values of pixels and of those `dx`, `dy` away.
fn pairs(x: &[f64], w: usize, h: usize, dx: usize, dy: isize) -> impl Iterator<Item = (f64, f64)> {
    let rows = dy.unsigned_abs();
    (0..h.saturating_sub(rows)).flat_map(move |row| {
        let (a, b) = if dy < 0 { (row + rows, row) } else { (row, row + rows) };
        (0..w.saturating_sub(dx)).map(move |column| (x[a * w + column], x[b * w + column + dx]))
    })
}

/// The mean over a square of side `2·radius + 1`, cut off at the edges.
fn blur(x: &[f64], w: usize, h: usize, radius: usize) -> Vec<f64> {
    let line = |x: &[f64], n: usize, lines: usize, step: usize, next: usize| {
        let mut y = vec![0.0; x.len()];
        for l in 0..lines {
            for i in 0..n {
                let window = i.saturating_sub(radius)..(i + radius + 1).min(n);
                let count = window.len() as f64;
                y[l * next + i * step] = window.map(|j| x[l * next + j * step]).sum::<f64>() / count;
            }
        }
        y
    };
    line(&line(x, w, h, 1, w), h, w, w, 1)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0usize), |(sum, n), v| (sum + v, n + 1));
    sum / n.max(1) as f64
}

fn deviation(values: &[f64]) -> f64 {
    let m = mean(values.iter().copied());
    mean(values.iter().map(|v| (v - m).powi(2))).sqrt()
}

/// Mean and covariance of a crowd of surfaces.
pub struct Crowd {
    mean: Surface,
    covariance: Matrix,
}

impl Crowd {
    pub fn new(surfaces: &[Surface]) -> Crowd {
        let n = surfaces.len().max(1) as f64;
        let mut middle = [0.0; N];
        for (k, m) in middle.iter_mut().enumerate() {
            *m = surfaces.iter().map(|s| s[k]).sum::<f64>() / n;
        }
        let covary =
            |a: usize, b: usize| surfaces.iter().map(|s| (s[a] - middle[a]) * (s[b] - middle[b])).sum::<f64>() / n;
        let covariance = (0..N).map(|a| std::array::from_fn(|b| covary(a, b))).collect();
        Crowd { mean: middle, covariance }
    }

    /// The Fréchet distance of the two crowds as normal distributions (Dowson & Landau 1982; as in FID, Heusel et al. 2017):
    /// `|m − m'|² + tr(C + C' − 2 (C C')^½)`.
    pub fn distance(&self, other: &Crowd) -> f64 {
        let far: f64 = self.mean.iter().zip(&other.mean).map(|(a, b)| (a - b).powi(2)).sum();
        let root = power(&self.covariance, 0.5);
        let middle = product(&product(&root, &other.covariance), &root);
        let shared: f64 = eigen(&middle).0.iter().map(|v| v.max(0.0).sqrt()).sum();
        let trace = |m: &Matrix| (0..N).map(|i| m[i][i]).sum::<f64>();
        far + trace(&self.covariance) + trace(&other.covariance) - 2.0 * shared
    }
}

/// Classes of surfaces, each by its middle; distances are in units of the spread within classes (Fisher 1936).
pub struct Classes {
    whiten: Matrix,
    middles: Vec<Surface>,
}

impl Classes {
    /// Learns from examples of each class.
    pub fn new(examples: &[Vec<Surface>]) -> Classes {
        let crowds: Vec<Crowd> = examples.iter().map(|e| Crowd::new(e)).collect();
        let mut within: Matrix = vec![[0.0; N]; N];
        for crowd in &crowds {
            for (row, add) in within.iter_mut().zip(&crowd.covariance) {
                row.iter_mut().zip(add).for_each(|(w, c)| *w += c / crowds.len() as f64);
            }
        }
        let whiten = power(&within, -0.5);
        let middles = crowds.iter().map(|c| applied(&whiten, &c.mean)).collect();
        Classes { whiten, middles }
    }

    /// A surface in units of the spread within classes.
    pub fn whitened(&self, surface: &Surface) -> Surface {
        applied(&self.whiten, surface)
    }

    /// The nearest class.
    pub fn nearest(&self, surface: &Surface) -> usize {
        let at = self.whitened(surface);
        let far = |m: &Surface| m.iter().zip(&at).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let mut order: Vec<usize> = (0..self.middles.len()).collect();
        order.sort_by(|&a, &b| far(&self.middles[a]).total_cmp(&far(&self.middles[b])));
        order.first().copied().unwrap_or(0)
    }
}

fn applied(m: &Matrix, v: &Surface) -> Surface {
    std::array::from_fn(|i| m[i].iter().zip(v).map(|(a, b)| a * b).sum())
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    (0..N).map(|i| std::array::from_fn(|j| (0..N).map(|k| a[i][k] * b[k][j]).sum())).collect()
}

/// A symmetric matrix to a power, through its eigenvalues; those near zero are raised to a thousandth of a millionth.
fn power(m: &Matrix, exponent: f64) -> Matrix {
    let (values, vectors) = eigen(m);
    let scaled: Vec<f64> = values.iter().map(|v| v.max(1e-9).powf(exponent)).collect();
    let at = |i: usize, j: usize| (0..N).map(|k| vectors[i][k] * scaled[k] * vectors[j][k]).sum();
    (0..N).map(|i| std::array::from_fn(|j| at(i, j))).collect()
}

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix, by Jacobi's rotations.
fn eigen(m: &Matrix) -> (Vec<f64>, Matrix) {
    let mut a = m.clone();
    let mut v: Matrix = (0..N).map(|i| std::array::from_fn(|j| if i == j { 1.0 } else { 0.0 })).collect();
    for _ in 0..60 {
        let off: f64 = (0..N).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j].powi(2)).sum();
        if off < 1e-22 {
            break;
        }
        for p in 0..N {
            for q in p + 1..N {
                if a[p][q].abs() < 1e-300 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for row in a.iter_mut().chain(v.iter_mut()) {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let (above, below) = a.split_at_mut(q);
                for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
            }
        }
    }
    ((0..N).map(|i| a[i][i]).collect(), v)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(seed: u64, shift: f64) -> Vec<Surface> {
        let mut chance = kinora_world::chance::Chance::new(seed, 0);
        let mut one = || {
            let mut s: Surface = std::array::from_fn(|_| f64::from(chance.range(-1.0, 1.0)));
            s[1] += 0.9 * s[0] + shift;
            s
        };
        (0..400).map(|_| one()).collect()
    }

    #[test]
    fn a_crowd_is_near_itself_and_as_far_from_another_as_it_was_moved() {
        let (a, b) = (Crowd::new(&crowd(1, 0.0)), Crowd::new(&crowd(1, 3.0)));
        assert!(a.distance(&a).abs() < 1e-6, "{}", a.distance(&a));
        assert!((a.distance(&b) - 9.0).abs() < 1e-6, "{}", a.distance(&b));
        assert!((a.distance(&b) - b.distance(&a)).abs() < 1e-6);
    }

    #[test]
    fn eigenvectors_give_the_matrix_back() {
        let m = Crowd::new(&crowd(2, 0.0)).covariance;
        let again = power(&m, 1.0);
        let worst = (0..N * N).map(|i| (m[i / N][i % N] - again[i / N][i % N]).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-9, "{worst}");
    }

    #[test]
    fn classes_are_told_apart_by_what_differs_between_them() {
        let classes = Classes::new(&[crowd(3, 0.0), crowd(4, 2.0)]);
        let right = crowd(5, 2.0).iter().filter(|s| classes.nearest(s) == 1).count();
        assert!(right > 380, "{right}");
    }
}
