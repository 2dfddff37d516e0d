//! Integer products in plain arrays, for instruction sets without a file of their own.

use super::{Dot, Simd};

/// [`Dot`] in plain arrays beside any `S` with `N` lanes.
#[derive(Clone, Copy)]
pub(crate) struct ArrayDot<S, const N: usize>(pub S);

#[inline(always)]
fn zip<const N: usize>(a: [u32; N], b: [u32; N], f: impl Fn(u32, u32) -> u32) -> [u32; N] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl<S: Simd, const N: usize> ArrayDot<S, N> {
    #[inline(always)]
    fn floats(self, values: [f32; N]) -> S::V {
        const { assert!(N == S::LANES) };
        // SAFETY: as many values as lanes.
        unsafe { self.0.load(values.as_ptr()) }
    }
}

impl<S: Simd, const N: usize> Dot for ArrayDot<S, N> {
    type S = S;
    type I = [u32; N];

    #[inline(always)]
    fn add_products(self, _bits: usize, [sums, none]: [[u32; N]; 2], w: [u32; N], x: [u32; N]) -> [[u32; N]; 2] {
        let sums = std::array::from_fn(|lane| {
            let (w, x) = (w[lane].to_le_bytes(), x[lane].to_le_bytes());
            let products = (0..4).map(|i| i32::from(w[i]) * i32::from(x[i] as i8));
            sums[lane].wrapping_add(products.sum::<i32>() as u32)
        });
        [sums, none]
    }
    #[inline(always)]
    fn total(self, _bits: usize, [sums, _]: [[u32; N]; 2]) -> [u32; N] {
        sums
    }
    #[inline(always)]
    fn simd(self) -> S {
        self.0
    }
    #[inline(always)]
    fn splat(self, x: i32) -> [u32; N] {
        [x as u32; N]
    }
    #[inline(always)]
    unsafe fn load(self, p: *const u8) -> [u32; N] {
        // SAFETY: the caller's promise.
        unsafe { p.cast::<[u32; N]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn activations<const R: usize>(self, _bits: usize, p: *const u8, m: usize) -> [u32; N] {
        // SAFETY: the caller's promise.
        [unsafe { p.cast::<u32>().add(m).read_unaligned() }; N]
    }
    #[inline(always)]
    fn and(self, a: [u32; N], b: [u32; N]) -> [u32; N] {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn or(self, a: [u32; N], b: [u32; N]) -> [u32; N] {
        zip(a, b, |a, b| a | b)
    }
    #[inline(always)]
    fn add(self, a: [u32; N], b: [u32; N]) -> [u32; N] {
        zip(a, b, u32::wrapping_add)
    }
    #[inline(always)]
    fn shl(self, a: [u32; N], bits: u32) -> [u32; N] {
        a.map(|a| a << bits)
    }
    #[inline(always)]
    fn shr(self, a: [u32; N], bits: u32) -> [u32; N] {
        a.map(|a| a >> bits)
    }
    #[inline(always)]
    fn lookup(self, table: &[u8; 16], i: [u32; N]) -> [u32; N] {
        i.map(|i| u32::from_le_bytes(i.to_le_bytes().map(|i| table[usize::from(i & 15)])))
    }
    #[inline(always)]
    fn to_f32(self, a: [u32; N]) -> S::V {
        self.floats(a.map(|a| a as i32 as f32))
    }
    #[inline(always)]
    unsafe fn load_i8(self, p: *const u8) -> S::V {
        // SAFETY: the caller's promise.
        self.floats(unsafe { p.cast::<[i8; N]>().read() }.map(f32::from))
    }
    #[inline(always)]
    unsafe fn load_u8(self, p: *const u8) -> S::V {
        // SAFETY: the caller's promise.
        self.floats(unsafe { p.cast::<[u8; N]>().read() }.map(f32::from))
    }
}
