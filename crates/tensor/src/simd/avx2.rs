//! x86-64 with AVX2 and FMA.

use std::arch::x86_64::*;

use super::{Kernel, Q4, Q8, Simd};

/// Exists only inside [`run`].
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

pub(super) fn detected() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// # Safety
/// The machine must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Avx2(()))
}

// SAFETY of every block below: an `Avx2` exists only inside `run`, where the instructions do.
impl Simd for Avx2 {
    type V = __m256;
    const LANES: usize = 8;
    const TILE_ROWS: usize = 6;

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m256) {
        unsafe { _mm256_storeu_ps(p, v) }
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m256) -> __m256 {
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    fn round(self, a: __m256) -> __m256 {
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn exp2_whole(self, n: __m256) -> __m256 {
        unsafe {
            let n = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(n))
        }
    }
    #[inline(always)]
    fn if_greater(self, a: __m256, b: __m256, x: __m256, y: __m256) -> __m256 {
        unsafe { _mm256_blendv_ps(y, x, _mm256_cmp_ps::<_CMP_GT_OQ>(a, b)) }
    }
    #[inline(always)]
    fn sum(self, v: __m256) -> f32 {
        unsafe {
            let v = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let v = _mm_add_ps(v, _mm_movehl_ps(v, v));
            _mm_cvtss_f32(_mm_add_ss(v, _mm_shuffle_ps::<1>(v, v)))
        }
    }
    #[inline(always)]
    fn top(self, v: __m256) -> f32 {
        unsafe {
            let v = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let v = _mm_max_ps(v, _mm_movehl_ps(v, v));
            _mm_cvtss_f32(_mm_max_ss(v, _mm_shuffle_ps::<1>(v, v)))
        }
    }
    #[inline(always)]
    unsafe fn dot_q8(self, w: Q8<'_>, x: Q8<'_>, blocks: usize) -> f32 {
        unsafe { dot_q8(w, x, blocks) }
    }
    #[inline(always)]
    unsafe fn dot_q4(self, w: Q4<'_>, x: Q8<'_>, blocks: usize) -> f32 {
        unsafe { dot_q4(w, x, blocks) }
    }
}

/// # Safety
/// The machine must have AVX2 and FMA; lengths as in [`Simd::dot_q8`].
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn dot_q8(w: Q8<'_>, x: Q8<'_>, blocks: usize) -> f32 {
    debug_assert!(w.quants.len() >= 32 * blocks && x.quants.len() >= 32 * blocks);
    let ones = _mm256_set1_epi16(1);
    let block = |b: usize, sum: __m256| {
        // SAFETY: b < blocks, and the caller's promise about the lengths.
        let (wq, xq, ws, xs) = unsafe {
            (
                _mm256_loadu_si256(w.quants.as_ptr().add(32 * b).cast()),
                _mm256_loadu_si256(x.quants.as_ptr().add(32 * b).cast()),
                *w.scales.get_unchecked(b),
                *x.scales.get_unchecked(b),
            )
        };
        // |w| is unsigned (128 too), x takes its sign; pairs of products fit 16 bits: 2 · 128 · 127 < 2¹⁵.
        let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(wq), _mm256_sign_epi8(xq, wq));
        let dot = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, ones));
        _mm256_fmadd_ps(dot, _mm256_set1_ps(ws * xs), sum)
    };
    sum_blocks(blocks, block)
}

/// # Safety
/// The machine must have AVX2 and FMA; lengths as in [`Simd::dot_q4`].
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn dot_q4(w: Q4<'_>, x: Q8<'_>, blocks: usize) -> f32 {
    debug_assert!(w.quants.len() >= 16 * blocks && x.quants.len() >= 32 * blocks);
    let (ones, eight, mask) = (_mm256_set1_epi16(1), _mm256_set1_epi8(8), _mm_set1_epi8(15));
    let block = |b: usize, sum: __m256| {
        // SAFETY: b < blocks, and the caller's promise about the lengths.
        let (packed, xq, ws, xs) = unsafe {
            (
                _mm_loadu_si128(w.quants.as_ptr().add(16 * b).cast()),
                _mm256_loadu_si256(x.quants.as_ptr().add(32 * b).cast()),
                *w.scales.get_unchecked(b),
                *x.scales.get_unchecked(b),
            )
        };
        let high = _mm_and_si128(_mm_srli_epi16::<4>(packed), mask);
        let wq = _mm256_set_m128i(high, _mm_and_si128(packed, mask));
        // Σ (w − 8) x = Σ w x − 8 Σ x, both with unsigned left operands.
        let pairs = _mm256_sub_epi16(_mm256_maddubs_epi16(wq, xq), _mm256_maddubs_epi16(eight, xq));
        let dot = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, ones));
        _mm256_fmadd_ps(dot, _mm256_set1_ps(ws * xs), sum)
    };
    sum_blocks(blocks, block)
}

/// Σ of all blocks in two running sums, so that one addition need not wait for the last.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum_blocks(blocks: usize, block: impl Fn(usize, __m256) -> __m256) -> f32 {
    let mut sums = [_mm256_setzero_ps(); 2];
    for pair in 0..blocks / 2 {
        sums = [block(2 * pair, sums[0]), block(2 * pair + 1, sums[1])];
    }
    if blocks % 2 == 1 {
        sums[0] = block(blocks - 1, sums[0]);
    }
    Avx2(()).sum(_mm256_add_ps(sums[0], sums[1]))
}
