//! Applying a function to every element, and sums over slices.

use super::{Kernel, Simd};

/// A function of one vector.
pub(crate) trait Map: Copy {
    fn eval<S: Simd>(self, s: S, x: S::V) -> S::V;
}

/// A function of two vectors.
pub(crate) trait Zip: Copy {
    fn eval<S: Simd>(self, s: S, x: S::V, y: S::V) -> S::V;
}

/// `y[i] = f(x[i])`.
pub(crate) struct MapSlice<'a, F> {
    pub f: F,
    pub x: &'a [f32],
    pub y: &'a mut [f32],
}

impl<F: Map> Kernel for MapSlice<'_, F> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        map(s, self.x, self.y, self.f);
    }
}

/// The lanes of the widest vector.
const MAX_LANES: usize = 16;

/// `y[i] = f(x[i])` for as many as both have; the tail goes through the same instructions.
#[inline(always)]
pub(crate) fn map<S: Simd, F: Map>(s: S, x: &[f32], y: &mut [f32], f: F) {
    let n = x.len().min(y.len());
    let (whole, pairs) = (n - n % S::LANES, n - n % (2 * S::LANES));
    // Two at a time: V8 makes a function's constants anew for each.
    for i in (0..pairs).step_by(2 * S::LANES) {
        // SAFETY: i + 2 · LANES ≤ n.
        unsafe {
            let (a, b) = (s.load(x.as_ptr().add(i)), s.load(x.as_ptr().add(i + S::LANES)));
            let (a, b) = (f.eval(s, a), f.eval(s, b));
            s.store(y.as_mut_ptr().add(i), a);
            s.store(y.as_mut_ptr().add(i + S::LANES), b);
        }
    }
    for i in (pairs..whole).step_by(S::LANES) {
        // SAFETY: i + LANES ≤ n.
        unsafe { s.store(y.as_mut_ptr().add(i), f.eval(s, s.load(x.as_ptr().add(i)))) };
    }
    if whole < n {
        let mut tail = [0.0; MAX_LANES];
        tail[..n - whole].copy_from_slice(&x[whole..n]);
        // SAFETY: the array holds any vector.
        unsafe { s.store(tail.as_mut_ptr(), f.eval(s, s.load(tail.as_ptr()))) };
        y[whole..n].copy_from_slice(&tail[..n - whole]);
    }
}

/// `y[i] = f(x[i], z[i])` for as many as all have.
#[inline(always)]
pub(crate) fn zip<S: Simd, F: Zip>(s: S, x: &[f32], z: &[f32], y: &mut [f32], f: F) {
    let n = x.len().min(y.len()).min(z.len());
    let whole = n - n % S::LANES;
    for i in (0..whole).step_by(S::LANES) {
        // SAFETY: i + LANES ≤ n.
        unsafe {
            let value = f.eval(s, s.load(x.as_ptr().add(i)), s.load(z.as_ptr().add(i)));
            s.store(y.as_mut_ptr().add(i), value);
        }
    }
    if whole < n {
        let (mut a, mut b) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
        a[..n - whole].copy_from_slice(&x[whole..n]);
        b[..n - whole].copy_from_slice(&z[whole..n]);
        // SAFETY: the arrays hold any vector.
        unsafe {
            let value = f.eval(s, s.load(a.as_ptr()), s.load(b.as_ptr()));
            s.store(a.as_mut_ptr(), value);
        }
        y[whole..n].copy_from_slice(&a[..n - whole]);
    }
}

/// `Σ f(x[i])`, in four running sums of vectors; `f(pad)` must be 0.
#[inline(always)]
pub(crate) fn sum<S: Simd, F: Map>(s: S, x: &[f32], pad: f32, f: F) -> f32 {
    let mut sums = [s.splat(0.0); 4];
    let step = 4 * S::LANES;
    let whole = x.len() - x.len() % step;
    for i in (0..whole).step_by(step) {
        for (j, sum) in sums.iter_mut().enumerate() {
            // SAFETY: i + 4 · LANES ≤ len.
            *sum = s.add(*sum, f.eval(s, unsafe { s.load(x.as_ptr().add(i + j * S::LANES)) }));
        }
    }
    let mut at = whole;
    while at < x.len() {
        let n = (x.len() - at).min(S::LANES);
        let mut tail = [pad; MAX_LANES];
        tail[..n].copy_from_slice(&x[at..at + n]);
        // SAFETY: the array holds any vector.
        let value = f.eval(s, unsafe { s.load(tail.as_ptr()) });
        sums[0] = s.add(sums[0], value);
        at += n;
    }
    s.sum(s.add(s.add(sums[0], sums[1]), s.add(sums[2], sums[3])))
}

/// The largest element; −∞ of nothing.
#[inline(always)]
pub(crate) fn top<S: Simd>(s: S, x: &[f32]) -> f32 {
    let mut top = s.splat(f32::NEG_INFINITY);
    let whole = x.len() - x.len() % S::LANES;
    for i in (0..whole).step_by(S::LANES) {
        // SAFETY: i + LANES ≤ len.
        top = s.max(top, unsafe { s.load(x.as_ptr().add(i)) });
    }
    x[whole..].iter().copied().fold(s.top(top), f32::max)
}

/// `Σ x[i] · y[i]`, for as many as both have.
#[inline(always)]
pub(crate) fn dot<S: Simd>(s: S, x: &[f32], y: &[f32]) -> f32 {
    let n = x.len().min(y.len());
    let mut sums = [s.splat(0.0); 4];
    let step = 4 * S::LANES;
    let whole = n - n % step;
    for i in (0..whole).step_by(step) {
        for (j, sum) in sums.iter_mut().enumerate() {
            let at = i + j * S::LANES;
            // SAFETY: at + LANES ≤ n.
            *sum = unsafe { s.mul_add(s.load(x.as_ptr().add(at)), s.load(y.as_ptr().add(at)), *sum) };
        }
    }
    let vectors = n - n % S::LANES;
    for at in (whole..vectors).step_by(S::LANES) {
        // SAFETY: at + LANES ≤ n.
        sums[0] = unsafe { s.mul_add(s.load(x.as_ptr().add(at)), s.load(y.as_ptr().add(at)), sums[0]) };
    }
    let rest: f32 = x[vectors..n].iter().zip(&y[vectors..n]).map(|(x, y)| x * y).sum();
    s.sum(s.add(s.add(sums[0], sums[1]), s.add(sums[2], sums[3]))) + rest
}

/// `y[i] = f(y[i])`.
#[inline(always)]
pub(crate) fn map_mut<S: Simd, F: Map>(s: S, y: &mut [f32], f: F) {
    let (whole, pairs) = (y.len() - y.len() % S::LANES, y.len() - y.len() % (2 * S::LANES));
    for i in (0..pairs).step_by(2 * S::LANES) {
        let p = y[i..i + 2 * S::LANES].as_mut_ptr();
        // SAFETY: `p` has 2 · LANES places.
        unsafe {
            let (a, b) = (f.eval(s, s.load(p)), f.eval(s, s.load(p.add(S::LANES))));
            s.store(p, a);
            s.store(p.add(S::LANES), b);
        }
    }
    for i in (pairs..whole).step_by(S::LANES) {
        let p = y[i..i + S::LANES].as_mut_ptr();
        // SAFETY: `p` has LANES places.
        unsafe { s.store(p, f.eval(s, s.load(p))) };
    }
    let mut tail = [0.0; MAX_LANES];
    let rest = &mut y[whole..];
    tail[..rest.len()].copy_from_slice(rest);
    // SAFETY: the array holds any vector.
    unsafe { s.store(tail.as_mut_ptr(), f.eval(s, s.load(tail.as_ptr()))) };
    rest.copy_from_slice(&tail[..rest.len()]);
}

/// `x`.
#[derive(Clone, Copy)]
pub(crate) struct Value;

impl Map for Value {
    #[inline(always)]
    fn eval<S: Simd>(self, _: S, x: S::V) -> S::V {
        x
    }
}

/// `exp(x − top)`.
#[derive(Clone, Copy)]
pub(crate) struct ExpBelow(pub f32);

impl Map for ExpBelow {
    #[inline(always)]
    fn eval<S: Simd>(self, s: S, x: S::V) -> S::V {
        super::math::exp_normal(s, s.sub(x, s.splat(self.0)))
    }
}
