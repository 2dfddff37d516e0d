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
    /// Bits of weights from which on activations are numbers of 16 bits.
    const WIDE: usize = usize::MAX;
    /// Whether there are registers for the weights of all units of a cell. A compiler that knows how many units there are unrolls
    /// them and goes row by row, with all weights at hand: where they do not fit, it must not know.
    const UNROLL: bool = false;
    /// Rows whose sums of products with weights of eight bits fit the registers.
    const ROWS: usize = usize::MAX;

    fn simd(self) -> Self::S;
    fn splat(self, x: i32) -> Self::I;
    /// # Safety
    /// `p` must point to `4 · LANES` readable bytes; no alignment is needed.
    unsafe fn load(self, p: *const u8) -> Self::I;
    /// The four activations of row `m` of `R` in every lane, for weights of `bits`: bytes, or numbers of 16 bits from
    /// [`Dot::WIDE`] on.
    ///
    /// # Safety
    /// `p` must point to four activations of each of `R` rows, and `m` be below `R`.
    unsafe fn activations<const R: usize>(self, bits: usize, p: *const u8, m: usize) -> Self::I;
    fn and(self, a: Self::I, b: Self::I) -> Self::I;
    fn or(self, a: Self::I, b: Self::I) -> Self::I;
    fn add(self, a: Self::I, b: Self::I) -> Self::I;
    /// Shifts each 32-bit lane.
    fn shl(self, a: Self::I, bits: u32) -> Self::I;
    /// Shifts each 32-bit lane, zeros from above.
    fn shr(self, a: Self::I, bits: u32) -> Self::I;
    /// `table[i]` for each byte, all of which are below 16.
    fn lookup(self, table: &[u8; 16], i: Self::I) -> Self::I;
    /// What a sum of products begins with: `x`, which takes the offset of the weights off, or zeros where products of eight
    /// bits take 128 off by themselves.
    #[inline(always)]
    fn start(self, _bits: usize, x: i32) -> Self::I {
        self.splat(x)
    }
    /// Adds `Σ w · x` for each lane, w below 2 to the `bits`, which are 4, 7 or 8. Sums begin as zeros; their form is the
    /// instruction set's own, and holds no more than eight additions.
    fn add_products(self, bits: usize, sums: [Self::I; 2], w: Self::I, x: Self::I) -> [Self::I; 2];
    /// What was added up.
    fn total(self, bits: usize, sums: [Self::I; 2]) -> Self::I;
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

/// Instruction sets that make of four products two sums of 16 bits, which are exact for weights of seven bits: a product with
/// four bits can be added up eight times before it leaves its 16 (8 · 2 · 15 · 127 < 2¹⁵), and eight bits are twice four.
pub(super) trait Pairs: Dot {
    /// `w₀ · x₀ + w₁ · x₁` and `w₂ · x₂ + w₃ · x₃` for each lane, w ≤ 127.
    fn pairs(self, w: Self::I, x: Self::I) -> Self::I;
    fn add16(self, a: Self::I, b: Self::I) -> Self::I;
    /// The two of each lane, added, times `factor`.
    fn join(self, a: Self::I, factor: i16) -> Self::I;

    /// [`Dot::add_products`].
    #[inline(always)]
    fn add_pairs(self, bits: usize, [a, b]: [Self::I; 2], w: Self::I, x: Self::I) -> [Self::I; 2] {
        match bits {
            4 => [self.add16(a, self.pairs(w, x)), b],
            7 => [self.add(a, self.join(self.pairs(w, x), 1)), b],
            _ => {
                let mask = self.splat(0x0f0f_0f0f);
                let (low, high) = (self.and(w, mask), self.and(self.shr(w, 4), mask));
                [self.add16(a, self.pairs(low, x)), self.add16(b, self.pairs(high, x))]
            }
        }
    }
    /// [`Dot::total`].
    #[inline(always)]
    fn total_pairs(self, bits: usize, [a, b]: [Self::I; 2]) -> Self::I {
        match bits {
            4 => self.join(a, 1),
            7 => a,
            _ => self.add(self.join(a, 1), self.join(b, 16)),
        }
    }
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
        unsafe fn activations<const R: usize>(self, _bits: usize, p: *const u8, m: usize) -> $vector {
            unsafe { $splat(p.cast::<i32>().add(m).read_unaligned()) }
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
