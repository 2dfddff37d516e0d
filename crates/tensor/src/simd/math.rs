//! Elementary functions on vectors. Polynomials from Cephes (Moshier), erfc from Numerical Recipes section 6.2.
#![allow(clippy::excessive_precision, reason = "coefficients as they were published")]

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

use super::Simd;

/// Horner's rule, highest coefficient first.
#[inline(always)]
fn poly<S: Simd>(s: S, x: S::V, coefficients: &[f32]) -> S::V {
    let mut sum = s.splat(coefficients[0]);
    for &c in &coefficients[1..] {
        sum = s.mul_add(sum, x, s.splat(c));
    }
    sum
}

/// `eˣ`, within 2 units in the last place; gradual underflow, ∞ on overflow.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    let x = s.min(s.splat(90.0), s.max(s.splat(-106.0), x));
    let n = s.round(s.mul(x, s.splat(LOG2_E)));
    // ln 2 in two parts, the first of few bits, so that its product with n is exact
    let r = s.mul_add(n, s.splat(-0.693_359_4), x);
    let r = s.mul_add(n, s.splat(2.121_944_4e-4), r);
    let p = poly(s, r, &[1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
    let p = s.add(s.mul_add(s.mul(r, r), p, r), s.splat(1.0));
    // 2ⁿ in two factors: n may lie outside the exponents of normal numbers
    let half = s.round(s.mul(n, s.splat(0.5)));
    s.mul(s.mul(p, s.exp2_whole(half)), s.exp2_whole(s.sub(n, half)))
}

/// As [`exp`] where the result is a normal number; 0 below (x < −87.3), ∞ from 88.4 on: what activations and softmax need.
#[inline(always)]
pub(crate) fn exp_normal<S: Simd>(s: S, x: S::V) -> S::V {
    let top = s.min(s.splat(89.0), x);
    let n = s.round(s.mul(top, s.splat(LOG2_E)));
    let r = s.mul_add(n, s.splat(-0.693_359_4), top);
    let r = s.mul_add(n, s.splat(2.121_944_4e-4), r);
    let p = poly(s, r, &[1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
    let p = s.add(s.mul_add(s.mul(r, r), p, r), s.splat(1.0));
    s.if_greater(s.splat(-87.3), x, s.splat(0.0), s.mul(p, s.exp2_whole(n)))
}

/// `1 / (1 + e⁻ˣ)`.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    s.div(one, s.add(one, exp_normal(s, s.sub(s.splat(0.0), x))))
}

/// `x · sigmoid(x)`.
#[inline(always)]
pub(crate) fn silu<S: Simd>(s: S, x: S::V) -> S::V {
    s.div(x, s.add(s.splat(1.0), exp_normal(s, s.sub(s.splat(0.0), x))))
}

#[inline(always)]
pub(crate) fn tanh<S: Simd>(s: S, x: S::V) -> S::V {
    let zero = s.splat(0.0);
    let size = s.max(s.sub(zero, x), x);
    let z = s.mul(x, x);
    let p = poly(s, z, &[-5.704_988_7e-3, 2.063_908_9e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1]);
    let small = s.mul_add(s.mul(p, z), x, x);
    let e = exp(s, s.add(size, size));
    let large = s.sub(s.splat(1.0), s.div(s.splat(2.0), s.add(e, s.splat(1.0))));
    let large = s.if_greater(zero, x, s.sub(zero, large), large);
    s.if_greater(size, s.splat(0.625), large, small)
}

/// The tanh form of GELU as `x · sigmoid(2u)`, `u = √(2/π)(x + 0.044715 x³)`.
#[inline(always)]
pub(crate) fn gelu_tanh<S: Simd>(s: S, x: S::V) -> S::V {
    const A: f32 = -1.595_769_1; // −2 √(2/π)
    let x2 = s.mul(x, x);
    let minus_2u = s.mul(x, s.mul_add(x2, s.splat(A * 0.044_715), s.splat(A)));
    s.div(x, s.add(s.splat(1.0), exp_normal(s, minus_2u)))
}

/// `x/2 · erfc(−x/√2)`.
#[inline(always)]
pub(crate) fn gelu_erf<S: Simd>(s: S, x: S::V) -> S::V {
    let (zero, half) = (s.splat(0.0), s.splat(0.5));
    let size = s.max(s.sub(zero, x), x);
    let z = s.mul(size, s.splat(FRAC_1_SQRT_2));
    let t = s.div(s.splat(1.0), s.mul_add(z, half, s.splat(1.0)));
    const C: [f32; 10] = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_9,
        -1.135_203_9,
        0.278_868_06,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_7,
        -1.265_512_2,
    ];
    let z2 = s.mul(s.mul(x, x), half);
    let tail = s.mul(t, s.mul(exp_normal(s, poly(s, t, &C)), exp_normal(s, s.sub(zero, z2)))); // erfc(z)
    let erfc = s.if_greater(x, zero, s.sub(s.splat(2.0), tail), tail);
    s.mul(s.mul(x, half), erfc)
}

/// The largest angle for [`sin`].
pub(crate) const SINE_LIMIT: f32 = 8192.0;

/// `sin(x + quarter turns · π/2)` for |x| ≤ [`SINE_LIMIT`], within some 2e-7.
#[inline(always)]
pub(crate) fn sin<S: Simd>(s: S, x: S::V, quarter_turns: f32) -> S::V {
    let n = s.round(s.mul(x, s.splat(std::f32::consts::FRAC_2_PI)));
    let r = s.mul_add(n, s.splat(-1.570_312_5), x);
    let r = s.mul_add(n, s.splat(-4.837_513e-4), r);
    let r = s.mul_add(n, s.splat(-7.549_79e-8), r);
    let z = s.mul(r, r);
    let sin = s.mul_add(s.mul(poly(s, z, &[-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1]), z), r, r);
    let cos = poly(s, z, &[2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2, -0.5]);
    let cos = s.mul_add(cos, z, s.splat(1.0));
    let n = s.add(n, s.splat(quarter_turns));
    // n mod 4, by a floor made of a rounding: (n − 1.5)/4 is never half-way
    let turns = s.round(s.mul(s.sub(n, s.splat(1.5)), s.splat(0.25)));
    let quadrant = s.mul_add(turns, s.splat(-4.0), n);
    let from_2 = s.sub(quadrant, s.splat(2.0));
    let from_2 = s.max(from_2, s.sub(s.splat(0.0), from_2)); // 2, 1, 0, 1
    let is_odd = s.if_greater(from_2, s.splat(1.5), s.splat(0.0), from_2);
    let value = s.if_greater(is_odd, s.splat(0.5), cos, sin);
    s.if_greater(quadrant, s.splat(1.5), s.sub(s.splat(0.0), value), value)
}
