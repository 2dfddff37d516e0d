//! Vector instructions. A kernel is written once, generically over [`Simd`]; each instruction set is a thin file; the best one
//! is chosen at run time (natively) or by the build (WebAssembly).

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod array_dot;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub(crate) mod dot;
pub(crate) mod map;
pub(crate) mod math;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg_attr(target_arch = "wasm32", allow(dead_code))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;

pub(crate) use dot::{Dot, DotKernel};

/// A vector of f32 and what kernels do with it. Values of a type exist only where its instructions do.
///
/// `min` and `max` return their second operand when either is NaN.
pub(crate) trait Simd: Copy + Send + Sync {
    /// `LANES` f32.
    type V: Copy;
    const LANES: usize;
    /// Rows of the matrix kernel's tile, two vectors wide: as many as the registers hold. One of 4, 6, 8, 12.
    const TILE_ROWS: usize;

    fn splat(self, x: f32) -> Self::V;
    /// # Safety
    /// `p` must point to `LANES` readable f32; no alignment is needed.
    unsafe fn load(self, p: *const f32) -> Self::V;
    /// # Safety
    /// `p` must point to `LANES` writable f32; no alignment is needed.
    unsafe fn store(self, p: *mut f32, v: Self::V);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    fn sqrt(self, a: Self::V) -> Self::V;
    /// To the nearest integer, ties to even; for |a| < 2²².
    fn round(self, a: Self::V) -> Self::V;
    /// `a · b + c`, fused where the hardware fuses.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `2ⁿ` for whole numbers −126 ≤ n ≤ 127.
    fn exp2_whole(self, n: Self::V) -> Self::V;
    /// `if a > b { x } else { y }`, lane by lane.
    fn if_greater(self, a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V;
    /// Sum of the lanes.
    fn sum(self, v: Self::V) -> f32;
    /// Largest lane.
    fn top(self, v: Self::V) -> f32;
}

/// Work that is compiled for each instruction set. `run` must be `#[inline(always)]`, and so must all it calls.
pub(crate) trait Kernel {
    type Out;
    fn run<S: Simd>(self, s: S) -> Self::Out;
}

/// An instruction set that this machine has; made only by [`isa`] and [`Isa::available`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Isa(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    // A page's build has its instructions for certain: kernels need not be there twice.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Wasm,
}

impl Isa {
    /// All of this machine, the best first.
    #[cfg_attr(target_arch = "wasm32", allow(dead_code))]
    pub fn available() -> impl Iterator<Item = Isa> {
        [
            #[cfg(target_arch = "x86_64")]
            avx512::detected().then_some(Kind::Avx512),
            #[cfg(target_arch = "x86_64")]
            avx2::detected().then_some(Kind::Avx2),
            #[cfg(target_arch = "aarch64")]
            Some(Kind::Neon),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Some(Kind::Wasm),
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Some(Kind::Portable),
        ]
        .into_iter()
        .flatten()
        .map(Isa)
    }

    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Kind::Portable => "portable SIMD",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "NEON",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Wasm if cfg!(target_feature = "relaxed-simd") => "relaxed SIMD",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Wasm => "SIMD",
        }
    }

    /// Runs the kernel with these instructions.
    // In a page a kernel stays a function of its own, as it is natively: V8 compiles small functions that are called often soon and well.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Out {
        match self.0 {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Kind::Portable => kernel.run(portable::Portable),
            // SAFETY: this variant is made only where the instructions were detected.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2::run(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512::run(kernel) },
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => kernel.run(neon::Neon),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Wasm => kernel.run(wasm::Wasm),
        }
    }

    /// Runs a kernel of integer products with these instructions.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn run_dot<K: DotKernel>(self, kernel: K) -> K::Out {
        match self.0 {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Kind::Portable => kernel.run(array_dot::ArrayDot::<_, 8>(portable::Portable)),
            // SAFETY: this variant is made only where the instructions were detected.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2::run_dot(kernel) },
            // SAFETY: as above, and VNNI was asked for.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 if avx512::has_vnni() => unsafe { avx512::run_vnni(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512::run_dot(kernel) },
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => kernel.run(array_dot::ArrayDot::<_, 4>(neon::Neon)),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Wasm => match wasm::bytes() {
                wasm::Bytes::Seven => kernel.run(wasm::WasmDot::<false>::new(wasm::Bytes::Seven)),
                bytes => kernel.run(wasm::WasmDot::<true>::new(bytes)),
            },
        }
    }

    /// Bits of weights from which on integer products want activations as numbers of 16 bits.
    pub fn wide(self) -> usize {
        struct Wide;
        impl DotKernel for Wide {
            type Out = usize;
            #[inline(always)]
            fn run<D: Dot>(self, _: D) -> usize {
                D::WIDE
            }
        }
        self.run_dot(Wide)
    }

    /// Lanes of an f32 vector.
    pub fn lanes(self) -> usize {
        struct Lanes;
        impl Kernel for Lanes {
            type Out = usize;
            #[inline(always)]
            fn run<S: Simd>(self, _: S) -> usize {
                S::LANES
            }
        }
        self.run(Lanes)
    }
}

/// The best instruction set of this machine.
pub(crate) fn isa() -> Isa {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return Isa(Kind::Wasm);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    Isa::available().next().unwrap_or(Isa(Kind::Portable))
}
