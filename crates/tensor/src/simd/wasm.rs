//! WebAssembly: 128-bit SIMD, and relaxed SIMD where the build enables it.

use std::arch::wasm32::*;

use super::Simd;
use super::dot::Dot;
#[cfg(target_feature = "relaxed-simd")]
use super::dot::Pairs;

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

/// What the relaxed product of bytes does here with weights of eight bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_feature = "relaxed-simd"), allow(dead_code))]
pub(super) enum Bytes {
    /// It takes them as they are (VNNI).
    Unsigned,
    /// It takes them for signed numbers (NEON's products of bytes, newer VNNI).
    Signed,
    /// It is right for seven bits only, or this build has none.
    Seven,
}

/// The answer for this machine; it stays the same.
pub(super) fn bytes() -> Bytes {
    #[cfg(target_feature = "relaxed-simd")]
    {
        let dot = |w: u8| {
            let [w, x] = std::hint::black_box([u8x16_splat(w), i8x16_splat(127)]);
            i32x4_relaxed_dot_i8x16_i7x16_add(x, w, i32x4_splat(1))
        };
        let all = |take: fn(u8) -> i32| {
            [128, 255].into_iter().all(|w| !v128_any_true(v128_xor(dot(w), i32x4_splat(4 * 127 * take(w) + 1))))
        };
        if all(i32::from) {
            return Bytes::Unsigned;
        }
        if all(|w| i32::from(w as i8)) {
            return Bytes::Signed;
        }
    }
    Bytes::Seven
}

/// As [`Wasm`], for integer products; `WHOLE`: one instruction takes weights of eight bits.
#[derive(Clone, Copy)]
pub(super) struct WasmDot<const WHOLE: bool> {
    /// Makes the signed byte w − 128 of a weight w: 128 where products are [`Bytes::Signed`], else 0.
    flip: v128,
}

impl<const WHOLE: bool> WasmDot<WHOLE> {
    /// For products as `bytes` says.
    pub fn new(bytes: Bytes) -> Self {
        Self { flip: u8x16_splat(if bytes == Bytes::Signed { 128 } else { 0 }) }
    }
}

impl<const WHOLE: bool> Dot for WasmDot<WHOLE> {
    type S = Wasm;
    type I = v128;
    const WIDE: usize = match (WHOLE, cfg!(target_feature = "relaxed-simd")) {
        (_, false) => 0,
        (false, true) => 8,
        (true, true) => usize::MAX,
    };
    const ROWS: usize = if WHOLE { usize::MAX } else { 4 };

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
    unsafe fn activations<const R: usize>(self, bits: usize, p: *const u8, m: usize) -> v128 {
        // SAFETY: the caller's promise.
        unsafe {
            if bits >= Self::WIDE {
                return v128_load64_splat(p.add(8 * m).cast());
            }
            if R % 4 != 0 {
                return v128_load32_splat(p.add(4 * m).cast());
            }
            // four rows at once: V8 needs an instruction more for a splat from memory than for that of a part of a vector
            let x = v128_load(p.add(m / 4 * 16).cast());
            match m % 4 {
                0 => i32x4_shuffle::<0, 0, 0, 0>(x, x),
                1 => i32x4_shuffle::<1, 1, 1, 1>(x, x),
                2 => i32x4_shuffle::<2, 2, 2, 2>(x, x),
                _ => i32x4_shuffle::<3, 3, 3, 3>(x, x),
            }
        }
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
    fn start(self, bits: usize, x: i32) -> v128 {
        let start = i32x4_splat(x);
        if WHOLE && bits == 8 { v128_andnot(start, i8x16_shr(self.flip, 7)) } else { start }
    }
    #[inline(always)]
    fn add_products(self, bits: usize, [a, b]: [v128; 2], w: v128, x: v128) -> [v128; 2] {
        if bits >= Self::WIDE {
            // two sums of two columns for each lane
            let low = i32x4_dot_i16x8(u16x8_extend_low_u8x16(w), x);
            let high = i32x4_dot_i16x8(u16x8_extend_high_u8x16(w), x);
            return [i32x4_add(a, low), i32x4_add(b, high)];
        }
        #[cfg(target_feature = "relaxed-simd")]
        {
            if !WHOLE {
                return self.add_pairs(bits, [a, b], w, x);
            }
            let w = if bits == 8 { v128_xor(w, self.flip) } else { w };
            [i32x4_relaxed_dot_i8x16_i7x16_add(x, w, a), b]
        }
        #[cfg(not(target_feature = "relaxed-simd"))]
        unreachable!("there are no products of bytes")
    }
    #[inline(always)]
    fn total(self, bits: usize, [a, b]: [v128; 2]) -> v128 {
        if bits >= Self::WIDE {
            return i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
        }
        #[cfg(target_feature = "relaxed-simd")]
        if !WHOLE {
            return self.total_pairs(bits, [a, b]);
        }
        a
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

#[cfg(target_feature = "relaxed-simd")]
impl<const WHOLE: bool> Pairs for WasmDot<WHOLE> {
    #[inline(always)]
    fn pairs(self, w: v128, x: v128) -> v128 {
        i16x8_relaxed_dot_i8x16_i7x16(x, w)
    }
    #[inline(always)]
    fn add16(self, a: v128, b: v128) -> v128 {
        i16x8_add(a, b)
    }
    #[inline(always)]
    fn join(self, a: v128, factor: i16) -> v128 {
        i32x4_dot_i16x8(a, i16x8_splat(factor))
    }
}
