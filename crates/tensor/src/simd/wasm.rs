//! WebAssembly: 128-bit SIMD, and relaxed SIMD where the build enables it.

use std::arch::wasm32::*;

use super::{Q4, Q8, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Wasm;

impl Simd for Wasm {
    type V = v128;
    const LANES: usize = 4;
    // With fused multiply-adds 12 sums and what they are made of fill the registers; without, V8 spills from 6 rows on.
    const TILE_ROWS: usize = if cfg!(target_feature = "relaxed-simd") { 6 } else { 4 };

    #[inline(always)]
    fn splat(self, x: f32) -> v128 {
        f32x4_splat(x)
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { v128_load(p.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: v128) {
        // SAFETY: the caller's promise.
        unsafe { v128_store(p.cast(), v) }
    }
    #[inline(always)]
    fn add(self, a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }
    #[inline(always)]
    fn sub(self, a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }
    #[inline(always)]
    fn mul(self, a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }
    #[inline(always)]
    fn div(self, a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }
    #[inline(always)]
    fn min(self, a: v128, b: v128) -> v128 {
        f32x4_pmin(b, a) // a < b ? a : b, one instruction on x86
    }
    #[inline(always)]
    fn max(self, a: v128, b: v128) -> v128 {
        f32x4_pmax(b, a) // b < a ? a : b
    }
    #[inline(always)]
    fn sqrt(self, a: v128) -> v128 {
        f32x4_sqrt(a)
    }
    #[inline(always)]
    fn round(self, a: v128) -> v128 {
        f32x4_nearest(a)
    }
    #[inline(always)]
    fn mul_add(self, a: v128, b: v128, c: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        return f32x4_relaxed_madd(a, b, c);
        #[cfg(not(target_feature = "relaxed-simd"))]
        f32x4_add(f32x4_mul(a, b), c)
    }
    #[inline(always)]
    fn exp2_whole(self, n: v128) -> v128 {
        i32x4_shl(i32x4_add(to_i32(n), i32x4_splat(127)), 23)
    }
    #[inline(always)]
    fn if_greater(self, a: v128, b: v128, x: v128, y: v128) -> v128 {
        v128_bitselect(x, y, f32x4_gt(a, b))
    }
    #[inline(always)]
    fn sum(self, v: v128) -> f32 {
        let v = f32x4_add(v, i32x4_shuffle::<2, 3, 0, 1>(v, v));
        f32x4_extract_lane::<0>(v) + f32x4_extract_lane::<1>(v)
    }
    #[inline(always)]
    fn top(self, v: v128) -> f32 {
        let v = f32x4_pmax(v, i32x4_shuffle::<2, 3, 0, 1>(v, v));
        f32x4_extract_lane::<0>(v).max(f32x4_extract_lane::<1>(v))
    }
    #[inline(always)]
    unsafe fn dot_q8(self, w: Q8<'_>, x: Q8<'_>, blocks: usize) -> f32 {
        let mut sum = f32x4_splat(0.0);
        for b in 0..blocks {
            // SAFETY: the caller's promise about the lengths.
            let (w0, w1, x0, x1, scale) = unsafe {
                let (w0, x0) = (w.quants.as_ptr().add(32 * b), x.quants.as_ptr().add(32 * b));
                let scale = *w.scales.get_unchecked(b) * *x.scales.get_unchecked(b);
                let load = |p: *const i8| v128_load(p.cast());
                (load(w0), load(w0.add(16)), load(x0), load(x0.add(16)), scale)
            };
            let dot = i32x4_add(dot16(w0, x0), dot16(w1, x1));
            sum = self.mul_add(f32x4_convert_i32x4(dot), f32x4_splat(scale), sum);
        }
        self.sum(sum)
    }
    #[inline(always)]
    unsafe fn dot_q4(self, w: Q4<'_>, x: Q8<'_>, blocks: usize) -> f32 {
        let mut sum = f32x4_splat(0.0);
        for b in 0..blocks {
            // SAFETY: the caller's promise about the lengths.
            let (packed, x0, x1, scale) = unsafe {
                let (w0, x0) = (w.quants.as_ptr().add(16 * b), x.quants.as_ptr().add(32 * b));
                let scale = *w.scales.get_unchecked(b) * *x.scales.get_unchecked(b);
                (v128_load(w0.cast()), v128_load(x0.cast()), v128_load(x0.add(16).cast()), scale)
            };
            let (low, high) = (v128_and(packed, u8x16_splat(15)), u8x16_shr(packed, 4));
            let dot = nibbles(low, high, x0, x1);
            sum = self.mul_add(f32x4_convert_i32x4(dot), f32x4_splat(scale), sum);
        }
        self.sum(sum)
    }
}

#[inline(always)]
fn to_i32(n: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return i32x4_relaxed_trunc_f32x4(n); // in range, so it is exact
    #[cfg(not(target_feature = "relaxed-simd"))]
    i32x4_trunc_sat_f32x4(n)
}

/// Σ of 16 products of signed bytes, in four parts.
#[inline(always)]
fn dot16(w: v128, x: v128) -> v128 {
    let low = i32x4_dot_i16x8(i16x8_extend_low_i8x16(w), i16x8_extend_low_i8x16(x));
    i32x4_add(low, i32x4_dot_i16x8(i16x8_extend_high_i8x16(w), i16x8_extend_high_i8x16(x)))
}

/// Σ (low − 8) · x0 + (high − 8) · x1 for nibbles, in four parts.
#[inline(always)]
fn nibbles(low: v128, high: v128, x0: v128, x1: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    {
        // Nibbles fit the 7 bits that make the relaxed dot product exact everywhere; −8 Σ x is −8 · (x0 + x1).
        let dot = i32x4_relaxed_dot_i8x16_i7x16_add(x0, low, i32x4_splat(0));
        let dot = i32x4_relaxed_dot_i8x16_i7x16_add(x1, high, dot);
        let sums =
            i32x4_extadd_pairwise_i16x8(i16x8_add(i16x8_extadd_pairwise_i8x16(x0), i16x8_extadd_pairwise_i8x16(x1)));
        return i32x4_sub(dot, i32x4_shl(sums, 3));
    }
    #[cfg(not(target_feature = "relaxed-simd"))]
    {
        let eight = i8x16_splat(8);
        i32x4_add(dot16(i8x16_sub(low, eight), x0), dot16(i8x16_sub(high, eight), x1))
    }
}
