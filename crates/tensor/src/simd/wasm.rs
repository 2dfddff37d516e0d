//! WebAssembly: 128-bit SIMD, and relaxed SIMD where the build enables it.

use std::arch::wasm32::*;

use super::Simd;
use super::dot::Dot;

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
}

#[inline(always)]
fn to_i32(n: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return i32x4_relaxed_trunc_f32x4(n); // in range, so it is exact
    #[cfg(not(target_feature = "relaxed-simd"))]
    i32x4_trunc_sat_f32x4(n)
}

/// As [`Wasm`], for integer products. The relaxed dot product is defined for weights of 7 bits only; `FULL`: this machine's
/// takes all 8 of them as an unsigned number, which most processors since 2020 do (VNNI).
#[derive(Clone, Copy)]
pub(super) struct WasmDot<const FULL: bool>;

/// What the relaxed dot product makes of bytes above 127 here; it does the same every time.
pub(super) fn takes_eight_bits() -> bool {
    #[cfg(target_feature = "relaxed-simd")]
    {
        let [w, x] = std::hint::black_box([u8x16_splat(255), i8x16_splat(127)]);
        let dot = i32x4_relaxed_dot_i8x16_i7x16_add(x, w, i32x4_splat(1));
        return v128_any_true(v128_xor(dot, i32x4_splat(4 * 255 * 127 + 1))) == false;
    }
    #[cfg(not(target_feature = "relaxed-simd"))]
    true
}

impl<const FULL: bool> WasmDot<FULL> {
    /// Whether one instruction takes weights of eight bits.
    const EIGHT: bool = FULL && cfg!(target_feature = "relaxed-simd");
}

impl<const FULL: bool> Dot for WasmDot<FULL> {
    type S = Wasm;
    type I = v128;
    type Sums = [v128; 2];
    const SEVEN: bool = cfg!(target_feature = "relaxed-simd");
    const ROWS: usize = if Self::EIGHT { usize::MAX } else { 4 };

    #[inline(always)]
    fn simd(self) -> Wasm {
        Wasm
    }
    #[inline(always)]
    fn splat(self, x: i32) -> v128 {
        i32x4_splat(x)
    }
    #[inline(always)]
    unsafe fn load(self, p: *const u8) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { v128_load(p.cast()) }
    }
    #[inline(always)]
    unsafe fn splat4(self, p: *const i8) -> v128 {
        // SAFETY: the caller's promise.
        unsafe { v128_load32_splat(p.cast()) }
    }
    #[inline(always)]
    fn and(self, a: v128, b: v128) -> v128 {
        v128_and(a, b)
    }
    #[inline(always)]
    fn or(self, a: v128, b: v128) -> v128 {
        v128_or(a, b)
    }
    #[inline(always)]
    fn add(self, a: v128, b: v128) -> v128 {
        i32x4_add(a, b)
    }
    #[inline(always)]
    fn shl(self, a: v128, bits: u32) -> v128 {
        i32x4_shl(a, bits)
    }
    #[inline(always)]
    fn shr(self, a: v128, bits: u32) -> v128 {
        u32x4_shr(a, bits)
    }
    #[inline(always)]
    fn lookup(self, table: &[u8; 16], i: v128) -> v128 {
        // SAFETY: the table has 16 bytes.
        let table = unsafe { v128_load(table.as_ptr().cast()) };
        #[cfg(target_feature = "relaxed-simd")]
        return i8x16_relaxed_swizzle(table, i);
        #[cfg(not(target_feature = "relaxed-simd"))]
        i8x16_swizzle(table, i)
    }
    #[inline(always)]
    fn dot7(self, sum: v128, w: v128, x: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        return i32x4_relaxed_dot_i8x16_i7x16_add(x, w, sum);
        #[cfg(not(target_feature = "relaxed-simd"))]
        i32x4_add(sum, self.total(self.add8(self.none(), w, x)))
    }
    #[inline(always)]
    fn none(self) -> [v128; 2] {
        [i32x4_splat(0); 2]
    }
    // Without the relaxed product of 8 bits, products of 16 bits: two sums of two columns for each lane.
    #[inline(always)]
    fn add8(self, [a, b]: [v128; 2], w: v128, x: v128) -> [v128; 2] {
        if Self::EIGHT {
            return [self.dot7(a, w, x), b];
        }
        let x = i16x8_extend_low_i8x16(x);
        let low = i32x4_dot_i16x8(u16x8_extend_low_u8x16(w), x);
        let high = i32x4_dot_i16x8(u16x8_extend_high_u8x16(w), x);
        [i32x4_add(a, low), i32x4_add(b, high)]
    }
    #[inline(always)]
    fn total(self, [a, b]: [v128; 2]) -> v128 {
        if Self::EIGHT {
            return a;
        }
        i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b))
    }
    #[inline(always)]
    fn to_f32(self, a: v128) -> v128 {
        f32x4_convert_i32x4(a)
    }
    #[inline(always)]
    unsafe fn load_i8(self, p: *const u8) -> v128 {
        // SAFETY: the caller's promise.
        let bytes = unsafe { v128_load32_zero(p.cast()) };
        f32x4_convert_i32x4(i32x4_extend_low_i16x8(i16x8_extend_low_i8x16(bytes)))
    }
    #[inline(always)]
    unsafe fn load_u8(self, p: *const u8) -> v128 {
        // SAFETY: the caller's promise.
        let bytes = unsafe { v128_load32_zero(p.cast()) };
        f32x4_convert_i32x4(u32x4_extend_low_u16x8(u16x8_extend_low_u8x16(bytes)))
    }
}
