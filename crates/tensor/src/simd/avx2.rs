//! x86-64 with AVX2 and FMA.

use std::arch::x86_64::*;

use super::dot::{Dot, DotKernel, Pairs, x86_dot};
use super::{Kernel, Simd};

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
}

/// As [`Avx2`], for integer products.
#[derive(Clone, Copy)]
pub(super) struct Avx2Dot(());

/// # Safety
/// As [`run`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run_dot<K: DotKernel>(kernel: K) -> K::Out {
    kernel.run(Avx2Dot(()))
}

impl Dot for Avx2Dot {
    x86_dot!(
        Avx2,
        __m256i,
        Avx2(()),
        _mm256_set1_epi32,
        _mm256_loadu_si256,
        _mm256_and_si256,
        _mm256_or_si256,
        _mm256_add_epi32,
        _mm256_sll_epi32,
        _mm256_srl_epi32,
        _mm256_broadcastsi128_si256,
        _mm256_shuffle_epi8,
        _mm256_cvtepi32_ps,
        _mm_loadl_epi64,
        _mm256_cvtepi8_epi32,
        _mm256_cvtepu8_epi32
    );

    const ROWS: usize = 4;

    #[inline(always)]
    fn add_products(self, bits: usize, sums: [__m256i; 2], w: __m256i, x: __m256i) -> [__m256i; 2] {
        self.add_pairs(bits, sums, w, x)
    }
    #[inline(always)]
    fn total(self, bits: usize, sums: [__m256i; 2]) -> __m256i {
        self.total_pairs(bits, sums)
    }
}

impl Pairs for Avx2Dot {
    #[inline(always)]
    fn pairs(self, w: __m256i, x: __m256i) -> __m256i {
        unsafe { _mm256_maddubs_epi16(w, x) }
    }
    #[inline(always)]
    fn add16(self, a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_add_epi16(a, b) }
    }
    #[inline(always)]
    fn join(self, a: __m256i, factor: i16) -> __m256i {
        unsafe { _mm256_madd_epi16(a, _mm256_set1_epi16(factor)) }
    }
}
