//! The innermost loop: a tile of C in registers.

use crate::simd::Simd;

/// Where row k of B begins.
pub(crate) trait Rows: Copy {
    /// # Safety
    /// `k` must lie below a number that `last` accepted.
    unsafe fn at(self, k: usize, width: usize) -> usize;
    /// The largest start among the first `k` rows; panics when there are fewer.
    fn last(self, k: usize, width: usize) -> usize;
}

/// Rows one after another.
#[derive(Clone, Copy)]
pub(crate) struct Dense;

impl Rows for Dense {
    #[inline(always)]
    unsafe fn at(self, k: usize, width: usize) -> usize {
        // Where V8 sees through the address, it moves the sums' additions behind the loads, runs out of registers and
        // spills: 31 instead of 65 GFLOP/s with six rows.
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        return std::hint::black_box(k * width);
        #[cfg(not(all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
        return k * width;
    }
    #[inline(always)]
    fn last(self, k: usize, width: usize) -> usize {
        (k - 1) * width
    }
}

/// Rows at listed places: a convolution reads its input where it lies.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    starts: &'a [u32],
    last: usize,
}

impl<'a> Table<'a> {
    #[inline(always)]
    pub fn new(starts: &'a [u32]) -> Self {
        Table { starts, last: starts.iter().copied().max().unwrap_or(0) as usize }
    }
}

impl Rows for Table<'_> {
    #[inline(always)]
    unsafe fn at(self, k: usize, _: usize) -> usize {
        // SAFETY: `last` accepted more than `k` rows.
        unsafe { *self.starts.get_unchecked(k) as usize }
    }
    #[inline(always)]
    fn last(self, k: usize, _: usize) -> usize {
        assert!(k <= self.starts.len());
        self.last
    }
}

/// A few rows of A times two vectors of columns of B.
pub(crate) struct Tile<'a, R> {
    /// Products in each sum.
    pub k: usize,
    /// Row r begins at `r · stride`.
    pub a: &'a [f32],
    pub stride: usize,
    /// Row k begins at `index.at(k)` and has two vectors.
    pub b: &'a [f32],
    pub index: R,
    /// Columns that are written, at most two vectors.
    pub columns: usize,
    /// Added to each row.
    pub bias: Option<&'a [f32]>,
    /// Add to what C holds instead of replacing it.
    pub add: bool,
}

/// How many of `left` rows the next tile takes: a size that has a kernel.
#[inline(always)]
pub(crate) fn rows_of<S: Simd>(left: usize) -> usize {
    const SIZES: [usize; 6] = [12, 8, 6, 4, 2, 1];
    SIZES.into_iter().find(|&size| size <= left && size <= S::TILE_ROWS).unwrap_or(1)
}

/// Computes `rows` (one of [`rows_of`]) rows of C; row r of C begins at `c + r · c_stride`.
///
/// # Safety
/// `tile.columns` values from each of these places must be readable and writable, by nobody else.
#[inline(always)]
pub(crate) unsafe fn tile_of_rows<S: Simd, R: Rows>(
    s: S,
    rows: usize,
    tile: &Tile<'_, R>,
    c: *mut f32,
    c_stride: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match rows {
            12 if S::TILE_ROWS >= 12 => run::<S, R, 12>(s, tile, c, c_stride),
            8 if S::TILE_ROWS >= 8 => run::<S, R, 8>(s, tile, c, c_stride),
            6 if S::TILE_ROWS >= 6 => run::<S, R, 6>(s, tile, c, c_stride),
            4 => run::<S, R, 4>(s, tile, c, c_stride),
            2 => run::<S, R, 2>(s, tile, c, c_stride),
            _ => run::<S, R, 1>(s, tile, c, c_stride),
        }
    }
}

/// Every loop over `sums` is small, so that it is unrolled: one that is not keeps the sums in memory, also in the loop over k.
///
/// # Safety
/// As [`tile_of_rows`].
#[inline(always)]
unsafe fn run<S: Simd, R: Rows, const M: usize>(s: S, tile: &Tile<'_, R>, c: *mut f32, c_stride: usize) {
    let (lanes, width) = (S::LANES, 2 * S::LANES);
    let mut sums = [[s.splat(0.0); 2]; M];
    if tile.k > 0 {
        assert!(tile.a.len() >= (M - 1) * tile.stride + tile.k);
        assert!(tile.b.len() >= tile.index.last(tile.k, width) + width);
        let (a, b) = (tile.a.as_ptr(), tile.b.as_ptr());
        for k in 0..tile.k {
            // SAFETY: the two assertions above; `index.last` is the largest start.
            unsafe {
                let row = b.add(tile.index.at(k, width));
                let (b0, b1) = (s.load(row), s.load(row.add(lanes)));
                for (r, sum) in sums.iter_mut().enumerate() {
                    let x = s.splat(*a.add(r * tile.stride + k));
                    sum[0] = s.mul_add(x, b0, sum[0]);
                    sum[1] = s.mul_add(x, b1, sum[1]);
                }
            }
        }
    }
    let mut bias = [0.0; MAX_WIDTH];
    if let Some(values) = tile.bias {
        bias[..tile.columns].copy_from_slice(&values[..tile.columns]);
    }
    // SAFETY: the caller's promise; the arrays hold two vectors of any instruction set for each row.
    unsafe {
        if tile.columns == width {
            if tile.add {
                for (r, sum) in sums.into_iter().enumerate() {
                    let out = c.add(r * c_stride);
                    s.store(out, s.add(sum[0], s.load(out)));
                    s.store(out.add(lanes), s.add(sum[1], s.load(out.add(lanes))));
                }
            } else {
                let (b0, b1) = (s.load(bias.as_ptr()), s.load(bias.as_ptr().add(lanes)));
                for (r, sum) in sums.into_iter().enumerate() {
                    let out = c.add(r * c_stride);
                    s.store(out, s.add(sum[0], b0));
                    s.store(out.add(lanes), s.add(sum[1], b1));
                }
            }
        } else {
            let mut edge = [[0.0; MAX_WIDTH]; M];
            for (edge, sum) in edge.iter_mut().zip(sums) {
                s.store(edge.as_mut_ptr(), sum[0]);
                s.store(edge.as_mut_ptr().add(lanes), sum[1]);
            }
            for (r, edge) in edge.iter().enumerate() {
                let out = std::slice::from_raw_parts_mut(c.add(r * c_stride), tile.columns);
                for ((out, sum), bias) in out.iter_mut().zip(edge).zip(&bias) {
                    *out = sum + if tile.add { *out } else { *bias };
                }
            }
        }
    }
}

/// Two of the widest vectors.
pub(crate) const MAX_WIDTH: usize = 32;
