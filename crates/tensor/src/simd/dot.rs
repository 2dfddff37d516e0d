//! Products of small integers: the part of an instruction set that quantised weights need.
//!
//! Weights are unsigned bytes, activations signed ones within −127..=127. A vector holds four bytes for each f32 lane, and a
//! dot product adds the four products of each lane to a 32-bit sum.

use super::Simd;

/// Integer vectors beside the f32 vectors of `S`.
pub(crate) trait Dot: Copy {
    type S: Simd;
    /// `LANES` × 4 bytes, or `LANES` i32.
    type I: Copy;
    /// Sums of products with weights of eight bits, in the form that they are added in.
    type Sums: Copy;
    /// Whether weights of seven bits are quicker than those of eight.
    const SEVEN: bool = true;
    /// Rows whose `Sums` fit the registers.
    const ROWS: usize = usize::MAX;

    fn simd(self) -> Self::S;
    fn splat(self, x: i32) -> Self::I;
    /// # Safety
    /// `p` must point to `4 · LANES` readable bytes; no alignment is needed.
    unsafe fn load(self, p: *const u8) -> Self::I;
    /// The same four bytes in every lane.
    ///
    /// # Safety
    /// `p` must point to 4 readable bytes.
    unsafe fn splat4(self, p: *const i8) -> Self::I;
    fn and(self, a: Self::I, b: Self::I) -> Self::I;
    fn or(self, a: Self::I, b: Self::I) -> Self::I;
    fn add(self, a: Self::I, b: Self::I) -> Self::I;
    /// Shifts each 32-bit lane.
    fn shl(self, a: Self::I, bits: u32) -> Self::I;
    /// Shifts each 32-bit lane, zeros from above.
    fn shr(self, a: Self::I, bits: u32) -> Self::I;
    /// `table[i]` for each byte, all of which are below 16.
    fn lookup(self, table: &[u8; 16], i: Self::I) -> Self::I;
    /// `sum + Σ w · x` with w ≤ 127.
    fn dot7(self, sum: Self::I, w: Self::I, x: Self::I) -> Self::I;
    /// `sum + Σ w · x` with any w ≤ 255.
    #[cfg_attr(target_arch = "wasm32", allow(dead_code))] // there sums have another form
    #[inline(always)]
    fn dot8(self, sum: Self::I, w: Self::I, x: Self::I) -> Self::I {
        let low = self.and(w, self.splat(0x7f7f_7f7f));
        let high = self.and(self.shr(w, 7), self.splat(0x0101_0101));
        let high = self.dot7(self.splat(0), high, x);
        self.dot7(self.add(sum, self.shl(high, 7)), low, x)
    }
    /// No sums yet.
    fn none(self) -> Self::Sums;
    /// [`Dot::dot8`] onto `sums`.
    fn add8(self, sums: Self::Sums, w: Self::I, x: Self::I) -> Self::Sums;
    /// What was added up.
    fn total(self, sums: Self::Sums) -> Self::I;
    fn to_f32(self, a: Self::I) -> <Self::S as Simd>::V;
    /// `LANES` signed bytes as f32.
    ///
    /// # Safety
    /// `p` must point to `LANES` readable bytes.
    unsafe fn load_i8(self, p: *const u8) -> <Self::S as Simd>::V;
    /// `LANES` unsigned bytes as f32.
    ///
    /// # Safety
    /// As [`Dot::load_i8`].
    unsafe fn load_u8(self, p: *const u8) -> <Self::S as Simd>::V;
}

/// Work with integer products that is compiled for each instruction set. `run` must be `#[inline(always)]`.
pub(crate) trait DotKernel {
    type Out;
    fn run<D: Dot>(self, d: D) -> Self::Out;
}

/// Body of a [`Dot`] for an instruction set whose operations differ only in their names.
#[cfg(target_arch = "x86_64")]
macro_rules! x86_dot {
    ($simd:ty, $vector:ty, $make:expr, $splat:ident, $load:ident, $and:ident, $or:ident, $add:ident, $shl:ident, $shr:ident, $wide:ident, $shuffle:ident, $float:ident, $half:ident, $signed:ident, $unsigned:ident) => {
        type S = $simd;
        type I = $vector;
        type Sums = $vector;

        #[inline(always)]
        fn none(self) -> $vector {
            self.splat(0)
        }
        #[inline(always)]
        fn add8(self, sums: $vector, w: $vector, x: $vector) -> $vector {
            self.dot8(sums, w, x)
        }
        #[inline(always)]
        fn total(self, sums: $vector) -> $vector {
            sums
        }
        #[inline(always)]
        fn simd(self) -> $simd {
            $make
        }
        #[inline(always)]
        fn splat(self, x: i32) -> $vector {
            unsafe { $splat(x) }
        }
        #[inline(always)]
        unsafe fn load(self, p: *const u8) -> $vector {
            unsafe { $load(p.cast()) }
        }
        #[inline(always)]
        unsafe fn splat4(self, p: *const i8) -> $vector {
            unsafe { $splat(p.cast::<i32>().read_unaligned()) }
        }
        #[inline(always)]
        fn and(self, a: $vector, b: $vector) -> $vector {
            unsafe { $and(a, b) }
        }
        #[inline(always)]
        fn or(self, a: $vector, b: $vector) -> $vector {
            unsafe { $or(a, b) }
        }
        #[inline(always)]
        fn add(self, a: $vector, b: $vector) -> $vector {
            unsafe { $add(a, b) }
        }
        #[inline(always)]
        fn shl(self, a: $vector, bits: u32) -> $vector {
            unsafe { $shl(a, _mm_cvtsi32_si128(bits as i32)) }
        }
        #[inline(always)]
        fn shr(self, a: $vector, bits: u32) -> $vector {
            unsafe { $shr(a, _mm_cvtsi32_si128(bits as i32)) }
        }
        #[inline(always)]
        fn lookup(self, table: &[u8; 16], i: $vector) -> $vector {
            unsafe { $shuffle($wide(_mm_loadu_si128(table.as_ptr().cast())), i) }
        }
        #[inline(always)]
        fn to_f32(self, a: $vector) -> <$simd as Simd>::V {
            unsafe { $float(a) }
        }
        #[inline(always)]
        unsafe fn load_i8(self, p: *const u8) -> <$simd as Simd>::V {
            unsafe { $float($signed($half(p.cast()))) }
        }
        #[inline(always)]
        unsafe fn load_u8(self, p: *const u8) -> <$simd as Simd>::V {
            unsafe { $float($unsigned($half(p.cast()))) }
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub(super) use x86_dot;
