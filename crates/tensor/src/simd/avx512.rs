//! x86-64 with AVX-512 F, BW and VL, and VNNI where there is.

use std::arch::x86_64::*;

use super::dot::{Dot, DotKernel, Pairs, x86_dot};
use super::{Kernel, Simd};

/// Exists only inside [`run`].
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

pub(super) fn detected() -> bool {
    super::avx2::detected()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
}

/// # Safety
/// The machine must have AVX-512 F, BW and VL, AVX2 and FMA.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Avx512(()))
}

// SAFETY of every block below: an `Avx512` exists only inside `run`, where the instructions do.
impl Simd for Avx512 {
    type V = __m512;
    const LANES: usize = 16;
    const TILE_ROWS: usize = 12;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m512) {
        unsafe { _mm512_storeu_ps(p, v) }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn exp2_whole(self, n: __m512) -> __m512 {
        unsafe {
            let n = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(n))
        }
    }
    #[inline(always)]
    fn if_greater(self, a: __m512, b: __m512, x: __m512, y: __m512) -> __m512 {
        unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b), y, x) }
    }
    #[inline(always)]
    fn sum(self, v: __m512) -> f32 {
        unsafe { _mm512_reduce_add_ps(v) }
    }
    #[inline(always)]
    fn top(self, v: __m512) -> f32 {
        unsafe { _mm512_reduce_max_ps(v) }
    }
}

/// As [`Avx512`], for integer products; `VNNI` where the machine has its instructions.
#[derive(Clone, Copy)]
pub(super) struct Avx512Dot<const VNNI: bool>(());

pub(super) fn has_vnni() -> bool {
    detected() && is_x86_feature_detected!("avx512vnni")
}

/// # Safety
/// As [`run`], and AVX-512 VNNI.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
pub(super) unsafe fn run_vnni<K: DotKernel>(kernel: K) -> K::Out {
    kernel.run(Avx512Dot::<true>(()))
}

/// # Safety
/// As [`run`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
pub(super) unsafe fn run_dot<K: DotKernel>(kernel: K) -> K::Out {
    kernel.run(Avx512Dot::<false>(()))
}

impl<const VNNI: bool> Dot for Avx512Dot<VNNI> {
    x86_dot!(
        Avx512,
        __m512i,
        Avx512(()),
        _mm512_set1_epi32,
        _mm512_loadu_si512,
        _mm512_and_si512,
        _mm512_or_si512,
        _mm512_add_epi32,
        _mm512_sll_epi32,
        _mm512_srl_epi32,
        _mm512_broadcast_i32x4,
        _mm512_shuffle_epi8,
        _mm512_cvtepi32_ps,
        _mm_loadu_si128,
        _mm512_cvtepi8_epi32,
        _mm512_cvtepu8_epi32
    );

    const UNROLL: bool = true;

    #[inline(always)]
    fn add_products(self, bits: usize, [a, b]: [__m512i; 2], w: __m512i, x: __m512i) -> [__m512i; 2] {
        if VNNI {
            return [unsafe { _mm512_dpbusd_epi32(a, w, x) }, b];
        }
        self.add_pairs(bits, [a, b], w, x)
    }
    #[inline(always)]
    fn total(self, bits: usize, [a, b]: [__m512i; 2]) -> __m512i {
        if VNNI {
            return a;
        }
        self.total_pairs(bits, [a, b])
    }
}

impl<const VNNI: bool> Pairs for Avx512Dot<VNNI> {
    #[inline(always)]
    fn pairs(self, w: __m512i, x: __m512i) -> __m512i {
        unsafe { _mm512_maddubs_epi16(w, x) }
    }
    #[inline(always)]
    fn add16(self, a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_add_epi16(a, b) }
    }
    #[inline(always)]
    fn join(self, a: __m512i, factor: i16) -> __m512i {
        unsafe { _mm512_madd_epi16(a, _mm512_set1_epi16(factor)) }
    }
}
