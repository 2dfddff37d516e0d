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

/// Computes `rows` (one of [`rows_of`]) rows; `c(r)` is where `tile.columns` of row r go, its own for each r.
#[inline(always)]
pub(crate) fn tile_of_rows<S: Simd, R: Rows>(s: S, rows: usize, tile: &Tile<'_, R>, c: impl Fn(usize) -> *mut f32) {
    match rows {
        12 if S::TILE_ROWS >= 12 => run::<S, R, 12>(s, tile, c),
        8 if S::TILE_ROWS >= 8 => run::<S, R, 8>(s, tile, c),
        6 if S::TILE_ROWS >= 6 => run::<S, R, 6>(s, tile, c),
        4 => run::<S, R, 4>(s, tile, c),
        2 => run::<S, R, 2>(s, tile, c),
        _ => run::<S, R, 1>(s, tile, c),
    }
}

#[inline(always)]
fn run<S: Simd, R: Rows, const M: usize>(s: S, tile: &Tile<'_, R>, c: impl Fn(usize) -> *mut f32) {
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
    let zero = [s.splat(0.0); 2];
    // SAFETY: `bias` has `columns` values.
    let bias = tile.bias.map_or(zero, |bias| unsafe { load_pair(s, bias[..tile.columns].as_ptr(), tile.columns) });
    for (r, sum) in sums.into_iter().enumerate() {
        // SAFETY: row r of C has `columns` places.
        unsafe {
            let out = c(r);
            let old = if tile.add { load_pair(s, out, tile.columns) } else { bias };
            store_pair(s, out, [s.add(sum[0], old[0]), s.add(sum[1], old[1])], tile.columns);
        }
    }
}

/// Writes the first `columns` values of two vectors.
///
/// # Safety
/// `p` must point to `columns` writable values, at most two vectors of them.
#[inline(always)]
unsafe fn store_pair<S: Simd>(s: S, p: *mut f32, v: [S::V; 2], columns: usize) {
    // SAFETY: the caller's promise; the array holds two vectors of any instruction set.
    unsafe {
        if columns == 2 * S::LANES {
            s.store(p, v[0]);
            s.store(p.add(S::LANES), v[1]);
        } else {
            let mut edge = [0.0; MAX_WIDTH];
            s.store(edge.as_mut_ptr(), v[0]);
            s.store(edge.as_mut_ptr().add(S::LANES), v[1]);
            p.copy_from_nonoverlapping(edge.as_ptr(), columns);
        }
    }
}

/// Two vectors of which the first `columns` values are at `p`, the others 0.
///
/// # Safety
/// `p` must point to `columns` readable values, at most two vectors of them.
#[inline(always)]
unsafe fn load_pair<S: Simd>(s: S, p: *const f32, columns: usize) -> [S::V; 2] {
    // SAFETY: the caller's promise; the array holds two vectors of any instruction set.
    unsafe {
        if columns == 2 * S::LANES {
            return [s.load(p), s.load(p.add(S::LANES))];
        }
        let mut edge = [0.0; MAX_WIDTH];
        edge.as_mut_ptr().copy_from_nonoverlapping(p, columns);
        [s.load(edge.as_ptr()), s.load(edge.as_ptr().add(S::LANES))]
    }
}

/// Two of the widest vectors.
pub(crate) const MAX_WIDTH: usize = 32;
